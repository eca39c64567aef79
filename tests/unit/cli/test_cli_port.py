"""Where ``pyiismod serve`` listens."""

from __future__ import annotations

import pytest

from pyiismod import port
from pyiismod.errors import UsageError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_ours_alone(host: str) -> None:
    assert port.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.test"])
def test_others_reach_everything_else(host: str) -> None:
    assert not port.is_loopback(host)


def test_any_port_that_is_free() -> None:
    with port.listen("127.0.0.1", 0) as listening:
        url = port.url_of(listening)
        assert url.startswith("http://127.0.0.1:")
        number = int(url.rstrip("/").rpartition(":")[2])
        with pytest.raises(UsageError, match=rf"Nothing can listen at 127\.0\.0\.1 port {number}"):
            port.listen("127.0.0.1", number)


def test_ipv6_stands_in_brackets() -> None:
    with port.listen("::1", 0) as listening:
        assert port.url_of(listening).startswith("http://[::1]:")
