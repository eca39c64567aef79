"""IHttpConnection (fact sheet 5.5): it outlives requests, tells of the disconnect, dies after the request."""

from __future__ import annotations

from nativecall import CONTINUE, FINISH, NULL, Host, Native, address, of, request_of, response_of
from stored import ALREADY_ASSIGNED, module_id, stored, view

from pyiismod.host._abi import ffi


def connection_of(context: Native) -> Native:
    return view(context.GetConnection(), "IHttpConnection")


def container_of(context: Native) -> Native:
    return view(connection_of(context).GetModuleContextContainer(), "IHttpConnectionModuleContextContainer")


def remembering(host: Host, notes: list[str]) -> None:
    """Load a module that keeps a context with each new connection."""

    def begin(context: Native, provider: Native) -> int:
        container = container_of(context)
        if container.GetConnectionModuleContext(module_id(1)):
            notes.append("known")
        else:
            assert container.SetConnectionModuleContext(stored(notes, "kept"), module_id(1)) == 0
            notes.append("new")
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin})


def test_a_connection_of_its_own_ends_with_the_request(host: Host) -> None:
    notes: list[str] = []
    remembering(host, notes)
    host.fire()
    host.fire()
    assert notes == ["new", "kept disconnected", "kept cleaned"] * 2


def test_a_named_connection_carries_several_requests(host: Host) -> None:
    notes: list[str] = []
    ids: list[tuple[int, int]] = []
    remembering(host, notes)

    def note(context: Native, provider: Native) -> int:
        raw = ffi.cast("HTTP_REQUEST *", request_of(context).GetRawHttpRequest_const())
        ids.append((address(context.GetConnection()), raw.ConnectionId))
        return CONTINUE

    host.load("b", {"OnEndRequest": note})
    for _ in range(3):
        host.fire(connection="a")
    host.fire(connection="b")
    assert notes == ["new", "known", "known", "new"]
    assert len(set(ids[:3])) == 1
    assert ids[3] not in ids[:3]
    host.iis.disconnect("a", host.timeline)
    assert notes[4:] == ["kept disconnected", "kept cleaned"]
    host.iis.disconnect("a", host.timeline)
    host.fire(connection="a")
    assert notes[6:] == ["new"]


def test_a_response_may_close_it(host: Host) -> None:
    notes: list[str] = []
    remembering(host, notes)

    def close(context: Native, provider: Native) -> int:
        response_of(context).SetNeedDisconnect()
        return CONTINUE

    host.load("b", {"OnEndRequest": close})
    host.fire(connection="a")
    host.fire(connection="a")
    assert notes == ["new", "kept disconnected", "kept cleaned"] * 2


def test_the_client_may_close_it(host: Host) -> None:
    notes: list[str] = []
    remembering(host, notes)
    host.fire(connection="a", headers=[("Connection", "close")])
    host.fire(connection="a", version=(1, 0))
    host.fire(connection="a", version=(1, 0), headers=[("Connection", "Keep-Alive")])
    assert notes == ["new", "kept disconnected", "kept cleaned"] * 2 + ["new"]


def test_is_connected_until_the_connection_is_reset(host: Host) -> None:
    seen: list[int] = []

    def reset(context: Native, provider: Native) -> int:
        seen.append(connection_of(context).IsConnected())
        response_of(context).ResetConnection()
        seen.append(connection_of(context).IsConnected())
        return FINISH

    host.load("m", {"OnBeginRequest": reset})
    host.fire(connection="a")
    assert seen == [1, 0]


def test_a_disconnect_in_the_middle_is_told_at_once_and_cleaned_at_the_end(host: Host) -> None:
    notes: list[str] = []
    remembering(host, notes)

    def leave(context: Native, provider: Native) -> int:
        host.iis.disconnect("a", host.timeline)
        notes.append(f"connected {connection_of(context).IsConnected()}")
        return CONTINUE

    host.load("b", {"OnEndRequest": leave})
    host.fire(connection="a")
    assert notes == ["new", "kept disconnected", "connected 0", "kept cleaned"]


def test_memory_of_a_connection_lives_as_long_as_it_does(host: Host) -> None:
    kept = []

    def begin(context: Native, provider: Native) -> int:
        if not kept:
            kept.append(ffi.cast("char *", connection_of(context).AllocateMemory(8)))
            ffi.memmove(kept[0], b"survives", 8)
        assert ffi.buffer(kept[0], 8)[:] == b"survives"
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin})
    host.fire(connection="a")
    host.fire(connection="a")


def test_one_context_a_module_whichever_way_it_was_set(host: Host) -> None:
    """A plain one does not hear of the disconnect, and is not taken for one that does."""
    notes: list[str] = []

    def begin(context: Native, provider: Native) -> int:
        container = container_of(context)
        assert container.SetModuleContext(stored(notes, "plain"), module_id(1)) == 0
        assert container.SetConnectionModuleContext(stored(notes, "other"), module_id(1)) == ALREADY_ASSIGNED
        assert container.GetConnectionModuleContext(module_id(1)) == NULL
        assert container.GetModuleContext(module_id(1)) != NULL
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin})
    host.fire()
    assert notes == ["plain cleaned"]


def test_connections_that_are_left_end_with_the_process(host: Host) -> None:
    notes: list[str] = []
    remembering(host, notes)
    host.fire(connection="a")
    host.iis.process.end(host.timeline)
    assert notes == ["new", "kept disconnected", "kept cleaned"]


def test_a_request_that_never_asks_makes_no_connection(host: Host) -> None:
    host.load("m", {"OnBeginRequest": lambda c, p: CONTINUE})
    x = host.open()
    assert of(x.context).GetResponse() != NULL
    assert "connection" not in x.around._made
    x._end()
