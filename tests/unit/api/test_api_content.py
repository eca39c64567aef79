"""What a request may carry."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyiismod import UsageError
from pyiismod.content import Content
from pyiismod.request import build

BIG = bytes(range(256)) * (5 << 12)  # 5 MB


def whole(content: Content) -> bytes:
    return content.first + b"".join(bytes(piece) for piece in content.rest or ())


@pytest.mark.parametrize(
    ("value", "body", "size"),
    [
        (None, b"", None),
        (b"", b"", 0),
        ("", b"", 0),
        (b"abc", b"abc", 3),
        ("ä€", "ä€".encode(), 5),
        ("\udcff", b"\xff", 1),
        (bytearray(b"abc"), b"abc", 3),
        (memoryview(b"abcdef")[::2], b"ace", 3),
    ],
)
def test_small_things_are_sent_at_once(value: Any, body: bytes, size: int | None) -> None:
    if isinstance(value, memoryview):
        value = memoryview(value.tobytes())
    content = Content(value)
    assert (content.first, content.rest, content.size) == (body, None, size)


def test_large_bytes_flow() -> None:
    content = Content(BIG)
    assert (content.size, len(content.first) < len(BIG)) == (len(BIG), True)
    assert whole(content) == BIG


def test_a_file_flows_from_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" + BIG)
    with (tmp_path / "file").open("rb") as file:
        file.read(1)
        content = Content(file)
        assert content.size == len(BIG)
        assert whole(content) == BIG


def test_a_file_that_cannot_be_measured() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.left = [b"one", b"two"]

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return self.left.pop(0) if self.left else b""

    content = Content(Pipe())
    assert content.size is None
    assert whole(content) == b"onetwo"


def test_pieces_flow_one_by_one() -> None:
    taken: list[int] = []

    def pieces() -> Any:
        for i in range(3):
            taken.append(i)
            yield b"" if i == 1 else bytes([i])

    content = Content(pieces())
    assert (content.first, content.size, taken) == (b"\0", None, [0])
    assert whole(content) == b"\0\2"


@pytest.mark.parametrize("value", [5, [1], ["text"], io.StringIO("text"), "\ud800", object()])
def test_what_cannot_be_sent(value: Any) -> None:
    with pytest.raises(UsageError):
        whole(Content(value))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, {}),
        (b"abc", {"Content-Length": "3"}),
        (b"", {"Content-Length": "0"}),
        (lambda: io.BytesIO(b"abc"), {"Content-Length": "3"}),
        (lambda: iter([b"abc"]), {"Transfer-Encoding": "chunked"}),
        (list, {"Transfer-Encoding": "chunked"}),
    ],
)
def test_headers_of_a_body(content: Any, expected: dict[str, str]) -> None:
    fire = build("POST", "/", content=content() if isinstance(content, Callable) else content)  # type: ignore[arg-type]
    names = ("Content-Length", "Transfer-Encoding")
    assert {name: value for name, value in fire.headers if name in names} == expected
    assert fire.more == callable(content)


def test_a_length_of_the_users_own_stays() -> None:
    fire = build("POST", "/", content=iter([b"abc"]), headers={"Content-Length": "9"})
    assert [name for name, _ in fire.headers] == ["Host", "Content-Length"]


@pytest.mark.parametrize("options", [{"http_version": "2"}, {"disconnect_after": -1}])
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        build("GET", "/", **options)
    assert build("GET", "/", http_version="1.0").version == (1, 0)
