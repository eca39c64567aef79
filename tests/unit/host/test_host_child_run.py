"""How a child request runs (section 5.1, ExecuteRequest)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from childcall import (
    BUFFER,
    CACHEABLE,
    IGNORE_INTERCEPTOR,
    IGNORE_POOL,
    NO_CUSTOM_ERROR,
    SAME_URL,
    STACK_OVERFLOW,
    at,
    clone,
    execute,
    executing,
    is_child,
    set_url,
    url_of,
    user_of,
)
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_PARAMETER,
    NOT_SUPPORTED,
    NULL,
    Host,
    Native,
    make,
    read_wide,
    response_of,
    variable,
    wide,
)

from pyiismod.abi.context import IHttpContext4
from pyiismod.host._abi import ffi
from pyiismod.host.user import Account


def test_execute_is_always_asynchronous(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert context.ExecuteRequest(0, child.pointer, 0, NULL, NULL) == NOT_SUPPORTED
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent)


def test_only_a_clone_of_this_context_and_only_once(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        grandchild = clone(child)
        assert execute(context, grandchild)[0] == NOT_SUPPORTED
        assert execute(context, context)[0] == NOT_SUPPORTED
        assert execute(context, Native(ffi.cast("void *", 8), IHttpContext4))[0] == NOT_SUPPORTED
        assert context.ExecuteRequest(1, NULL, 0, NULL, NULL) == INVALID_PARAMETER
        assert execute(context, child, 0x80)[0] == INVALID_PARAMETER
        assert execute(context, child) == (0, 0)
        assert execute(context, child)[0] == NOT_SUPPORTED
        assert grandchild.ReleaseClonedContext() == 0
        return child.ReleaseClonedContext() or CONTINUE

    in_parent(parent)


def test_ten_levels_and_no_more(in_parent: Any) -> None:
    results: list[int] = []

    def nest(context: Native) -> int:
        child = clone(context)
        results.append(execute(context, child, BUFFER)[0])
        assert child.ReleaseClonedContext() == 0
        return FINISH

    in_parent(nest, nest)
    assert results == [STACK_OVERFLOW, *[0] * 10]


def test_flags_are_those_of_the_child(in_parent: Any) -> None:
    seen: list[int] = []
    flags = IGNORE_POOL | NO_CUSTOM_ERROR | SAME_URL | CACHEABLE

    def parent(context: Native) -> int:
        child = clone(context)
        seen.extend((context.GetExecuteFlags(), child.GetExecuteFlags()))
        assert execute(context, child, flags)[0] == 0
        return child.ReleaseClonedContext() or CONTINUE

    def child(context: Native) -> int:
        seen.append(context.GetExecuteFlags())
        return FINISH

    in_parent(parent, child)
    assert seen == [0, 0, flags]


@pytest.mark.parametrize(("flags", "enabled"), [(0, 0), (CACHEABLE, 1)])
def test_children_are_not_for_the_kernel_cache(flags: int, enabled: int, in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child, flags)[0] == 0
        return child.ReleaseClonedContext() or CONTINUE

    def child(context: Native) -> int:
        assert response_of(context).GetKernelCacheEnabled() == enabled
        return FINISH

    in_parent(parent, child)


def test_the_whole_pipeline_once_more_below_the_call(host: Host) -> None:
    """5.1: the child starts inline; its lines are deeper than the call that runs it."""

    def handle(context: Native, provider: Native) -> int:
        if not is_child(context):
            child = clone(context)
            assert execute(context, child)[0] == 0
            assert child.ReleaseClonedContext() == 0
        return CONTINUE

    def carry_on(context: Native, provider: Native) -> int:
        return CONTINUE

    host.load(
        "m",
        {"OnBeginRequest": carry_on, "OnExecuteRequestHandler": handle, "OnEndRequest": carry_on},
    )
    host.fire()
    assert at(host, "m.dll") == [
        ("OnBeginRequest", 0),
        ("OnExecuteRequestHandler", 0),
        ("OnBeginRequest", 2),
        ("OnExecuteRequestHandler", 2),
        ("OnEndRequest", 2),
        ("OnEndRequest", 0),
    ]
    assert host.violations == []


def test_a_clone_is_mapped_when_it_runs(host: Host) -> None:
    """3.5 and the reference's sample, which clones in OnMapPath: nothing may be raised before."""
    mapped: list[tuple[str, bool]] = []

    def map_path(context: Native, provider: Native) -> int:
        mapped.append((read_wide(provider.GetUrl()), is_child(context)))
        assert provider.SetPhysicalPath(wide("C:\\x" + mapped[-1][0]), 4 + len(mapped[-1][0])) == 0
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        if is_child(context):
            assert read_wide(context.GetPhysicalPath(NULL)) == "C:\\x/b"
            assert variable(context, b"URL")[1] == b"/b"
            assert url_of(context) == "/b"
        else:
            child = clone(context)
            set_url(child, b"/b?q")
            assert mapped == [("/a", False)]
            assert execute(context, child)[0] == 0
            assert child.ReleaseClonedContext() == 0
        return CONTINUE

    host.load("m", {"OnMapPath": map_path, "OnBeginRequest": begin})
    host.fire(target="/a")
    assert mapped == [("/a", False), ("/b", True)]


def test_ignoring_the_current_interceptor(host: Host) -> None:
    """Without a table of handlers the module that executes is not asked again, in the whole chain."""
    ran: list[str] = []

    def outer(context: Native, provider: Native) -> int:
        ran.append("outer")
        return executing(IGNORE_INTERCEPTOR | SAME_URL)(context)

    def inner(context: Native, provider: Native) -> int:
        ran.append("inner")
        if len(ran) == 2:
            return executing(0)(context)
        return CONTINUE

    host.load("outer", {"OnExecuteRequestHandler": outer})
    host.load("inner", {"OnExecuteRequestHandler": inner})
    host.fire()
    assert ran == ["outer", "inner", "inner"]


def test_ignoring_the_current_handler_of_a_table() -> None:
    ran: list[str] = []
    host = Host(handlers=({"name": "wild", "modules": "wild"}, {"name": "rest", "modules": "rest"}))

    def wild(context: Native, provider: Native) -> int:
        ran.append("wild")
        context.SetRequestHandled()
        return executing(IGNORE_INTERCEPTOR)(context)

    def rest(context: Native, provider: Native) -> int:
        ran.append("rest")
        return FINISH

    host.load("wild", {"OnExecuteRequestHandler": wild})
    host.load("rest", {"OnExecuteRequestHandler": rest})
    host.fire()
    assert ran == ["wild", "rest"]


def test_a_given_user_replaces_authentication(host: Host) -> None:
    seen: list[str] = []

    def authenticate(context: Native, provider: Native) -> int:
        seen.append(f"authenticate {is_child(context)}")
        return CONTINUE

    def handle(context: Native, provider: Native) -> int:
        seen.append(user_of(context))
        if not is_child(context):
            for user in (context.GetUser(), NULL):
                child = clone(context)
                assert execute(context, child, BUFFER, user)[0] == 0
                assert child.ReleaseClonedContext() == 0
        return FINISH

    methods = {"OnAuthenticateRequest": authenticate, "OnPostAuthenticateRequest": authenticate}
    host.load("m", {**methods, "OnExecuteRequestHandler": handle})
    host.fire(account=Account("me", "secret", "Basic"))
    mine, theirs = ["authenticate False"] * 2, ["authenticate True"] * 2
    assert seen == [*mine, "me", "me", *theirs, "me"]
    assert host.violations == []


def test_a_user_made_by_a_module_is_held_as_long_as_the_child(in_parent: Any) -> None:
    calls: list[str] = []
    slots: dict[str, Callable[..., Any]] = {
        "ReferenceUser": lambda: calls.append("+"),
        "DereferenceUser": lambda: calls.append("-"),
        "GetUserName": lambda: wide("made"),
    }
    user = make("IHttpUser", slots)

    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child, 0, user)[0] == 0
        assert calls == ["+", "made"]
        assert child.ReleaseClonedContext() == 0
        assert calls == ["+", "made", "-"]
        return CONTINUE

    def child(context: Native) -> int:
        calls.append(user_of(context))
        return FINISH

    in_parent(parent, child)


def test_no_user_is_something_else_of_the_hosts(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child, 0, context.pointer)[0] == INVALID_PARAMETER
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent)
