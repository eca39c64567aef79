"""Site, application, URL and metadata (fact sheet 5.5): the same object for every request, contexts to the very end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nativecall import CONTINUE, INVALID_PARAMETER, NULL, Host, Native, address, hr, of, read_wide, wide
from stored import keeper, module_id, stored, view

from pyiismod.host import urlinfo
from pyiismod.host._abi import ffi

PATH_NOT_FOUND = hr(3)


def site_of(context: Native) -> Native:
    return view(context.GetSite(), "IHttpSite")


def application_of(context: Native) -> Native:
    return view(context.GetApplication(), "IHttpApplication2")


def url_of(context: Native) -> Native:
    return view(context.GetUrlInfo(), "IHttpUrlInfo")


def metadata_of(context: Native) -> Native:
    return view(context.GetMetadata(), "IReferencedMetadataInfo")


def test_the_site(host: Host) -> None:
    site = site_of(of(Host(site_name="Müll 你", site_id=7).open().context))
    assert site.GetSiteId() == 7
    assert read_wide(site.GetSiteName()) == "Müll 你"
    counters = view(site.GetPerfCounterInfo(), "IHttpPerfCounterInfo")
    counters.IncrementCounter(3, 5)
    counters.DecrementCounter(3, 2)
    view(of(host.iis.server).GetPerfCounterInfo(), "IHttpPerfCounterInfo").IncrementCounter(3, 1)
    assert host.iis.process.counters.counters == {3: 1}


def test_the_application() -> None:
    host = Host(site_name="Shop", site_id=3, root="C:\\shop")
    application = application_of(of(host.open().context))
    assert read_wide(application.GetApplicationPhysicalPath()) == "C:\\shop\\"
    assert read_wide(application.GetApplicationId()) == "/LM/W3SVC/3/ROOT"
    assert read_wide(application.GetAppConfigPath()) == "MACHINE/WEBROOT/APPHOST/Shop"


def test_warm_up(host: Host) -> None:
    application = application_of(of(host.open().context))
    states = [application.QueryIsWarmingUp()]
    application.BeginApplicationWarmup()
    states.append(application.QueryIsWarmingUp())
    application.EndApplicationWarmup()
    assert [*states, application.QueryIsWarmingUp()] == [0, 1, 0]


@pytest.mark.parametrize("owner", [site_of, application_of, url_of, metadata_of])
def test_contexts_outlive_requests_and_are_cleaned_with_the_process(
    owner: Callable[[Native], Native], host: Host
) -> None:
    notes: list[str] = []
    host.load("m", {"OnBeginRequest": keeper(notes, "it", owner)})
    host.fire(target="/a")
    host.fire(target="/a")
    assert notes == ["it set", "it late"]
    host.iis.process.end(host.timeline)
    assert notes == ["it set", "it late", "it cleaned"]
    host.iis.process.end(host.timeline)
    assert notes[3:] == []


def test_each_url_has_its_own_entry(host: Host) -> None:
    notes: list[str] = []
    host.load("m", {"OnBeginRequest": keeper(notes, "it", url_of)})
    for target in ("/a", "/b?x", "/b?y", "/a"):
        host.fire(target=target)
    assert notes == ["it set", "it set", "it late", "it late"]


def test_the_oldest_entry_leaves_a_full_cache(host: Host) -> None:
    notes: list[str] = []
    host.iis.process._urls._limit = 2
    for i in range(4):
        entry = host.iis.process.url(f"/{i}")
        assert entry.container.pointer != NULL
        container = view(entry.container.pointer, "IHttpModuleContextContainer")
        assert container.SetModuleContext(stored(notes, str(i)), module_id(1)) == 0
        entry.drop(host.timeline)
        host.iis.process.url("/0").drop(host.timeline)
    assert notes == ["1 cleaned", "2 cleaned"]


def test_a_url_is_frequently_hit_at_the_second_time_within_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    now = [1000.0]
    seen: list[int] = []
    monkeypatch.setattr(urlinfo, "monotonic", lambda: now[0])
    host.load("m", {"OnBeginRequest": lambda c, p: seen.append(url_of(c).IsFrequentlyHit()) or CONTINUE})
    for target, later in (("/a", 0), ("/b", 1), ("/a", 8), ("/a", 11), ("/a", 9.5)):
        now[0] += later
        host.fire(target=target)
    assert seen == [0, 0, 1, 0, 1]


def put(path: Path, data: bytes = b"") -> Path:
    """Write a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_the_configuration_path_is_that_of_the_deepest_web_config(tmp_path: Path) -> None:
    for name in ("site/shop/web.config", "site/shop/pages/deep/web.config"):
        put(tmp_path / name)
    host = Host(root=str(tmp_path / "site"))
    site = "MACHINE/WEBROOT/APPHOST/Default Web Site"
    for target, expected in (
        ("/", site),
        ("/page", site),
        ("/shop", site),
        ("/shop/", f"{site}/shop"),
        ("/shop/pages/x.html", f"{site}/shop"),
        ("/shop/pages/deep/x.html", f"{site}/shop/pages/deep"),
    ):
        x = host.open(target=target)
        metadata = metadata_of(of(x.context))
        assert read_wide(metadata.GetMetaPath()) == expected
        assert read_wide(metadata.GetVrPath()) == str(tmp_path / "site")
        assert metadata.GetVrToken() == NULL
        x._end()


def get_metadata(host: Host, site: Any, url: Any) -> tuple[int, Native | None]:
    out = ffi.new("void **")
    result = of(host.iis.server).GetMetadata(site, url, out)
    return result, view(out[0], "IReferencedMetadataInfo") if out[0] else None


def test_metadata_counts_its_references(host: Host) -> None:
    result, metadata = get_metadata(host, wide("default web site"), wide("/x"))
    assert result == 0
    assert metadata is not None
    metadata.ReferenceMetadata()
    metadata.DereferenceMetadata()
    metadata.DereferenceMetadata()
    assert read_wide(metadata.GetMetaPath()).endswith("Default Web Site")
    assert get_metadata(host, wide("other"), wide("/x")) == (PATH_NOT_FOUND, None)
    assert get_metadata(host, NULL, wide("/x")) == (INVALID_PARAMETER, None)
    host.iis.process.end(host.timeline)
    metadata.GetMetaPath()
    assert [e.method for e in host.iis.timeline.events if e.event == "violation"] == [
        "IMetadataInfo::GetMetaPath was called on an IReferencedMetadataInfo that has ended"
    ]


def test_the_same_objects_for_every_request(host: Host) -> None:
    seen = []
    for _ in range(2):
        x = host.open()
        context = of(x.context)
        pointers = context.GetSite(), context.GetApplication(), context.GetUrlInfo(), context.GetMetadata()
        seen.append([address(pointer) for pointer in pointers])
        x._end()
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 4
