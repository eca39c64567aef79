"""Where the response of a child request goes (section 5.1, execute flags)."""

from __future__ import annotations

from typing import Any

from childcall import (
    BUFFER,
    NO_HEADERS,
    answering,
    body,
    clone,
    execute,
    executing,
    is_child,
    names,
    raw_of_response,
    write,
)
from nativecall import (
    CONTINUE,
    FINISH,
    NULL,
    Host,
    Native,
    response_of,
    text,
)

from pyiismod.host._abi import ffi


def test_a_child_answers_the_client(host: Host, in_parent: Any) -> None:
    outgoing = in_parent(executing(0), answering)
    assert (outgoing.status, outgoing.reason, body(outgoing)) == (203, "Child", b"child")
    assert "X-Child" in names(outgoing)
    assert "X-Parent" not in names(outgoing)
    assert ("Content-Length", "5") in outgoing.headers
    assert host.violations == []


def test_the_parent_sees_that_headers_were_sent(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert context.GetResponseHeadersSent() == 0
        assert execute(context, child)[0] == 0
        assert context.GetResponseHeadersSent() == 1
        return child.ReleaseClonedContext() or CONTINUE

    in_parent(parent, answering)


def test_what_is_written_around_an_answer_is_lost_and_said_so(host: Host, in_parent: Any) -> None:
    outgoing = in_parent(executing(0, before=b"before", after=b"after"), answering)
    assert body(outgoing) == b"child"
    assert host.violations == [
        "the child request has answered: what its parent wrote before is not sent",
        "IHttpResponse::WriteEntityChunks after the end of the response has no effect",
    ]


def test_a_child_after_the_headers_adds_its_body(host: Host, in_parent: Any) -> None:
    def parent(context: Native) -> int:
        write(context, b"before ")
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        return executing(0, after=b" after")(context)

    outgoing = in_parent(parent, answering)
    assert (outgoing.status, body(outgoing)) == (200, b"before child after")
    assert {v.partition(" after ")[2] for v in host.violations} == {"the headers were sent has no effect"}


def test_no_headers_makes_it_a_part_of_the_parents_response(host: Host, in_parent: Any) -> None:
    def child(context: Native) -> int:
        assert response_of(context).GetHeadersSuppressed() == 1
        return answering(context)

    outgoing = in_parent(executing(NO_HEADERS, before=b"before ", after=b" after"), child)
    assert (outgoing.status, body(outgoing)) == (200, b"before child after")
    assert ("X-Parent" in names(outgoing), "X-Child" in names(outgoing)) == (True, False)
    assert ("Transfer-Encoding", "chunked") in outgoing.headers
    assert host.violations == []


def test_a_buffered_response_goes_to_the_parent(host: Host, in_parent: Any) -> None:
    def child(context: Native) -> int:
        answering(context)
        sent = ffi.new("DWORD *", 7)
        assert response_of(context).Flush(0, 1, sent, NULL) == 0
        assert (sent[0], context.GetResponseHeadersSent()) == (0, 0)
        return FINISH

    def parent(context: Native) -> int:
        assert response_of(context).SetHeader_name(text(b"Set-Cookie"), text(b"p=1"), 3, 0) == 0
        result = executing(BUFFER, before=b"before ", after=b" after")(context)
        assert context.GetResponseHeadersSent() == 0
        assert raw_of_response(context).StatusCode == 203
        return result

    outgoing = in_parent(parent, child)
    assert (outgoing.status, outgoing.reason, body(outgoing)) == (203, "Child", b"before child after")
    assert {"X-Parent", "X-Child"} <= names(outgoing)
    assert [v for n, v in outgoing.headers if n == "Set-Cookie"] == ["p=1", "c=1"]
    assert [v for n, v in outgoing.headers if n == "Server"] == ["Microsoft-IIS/10.0"]
    assert ("Content-Length", "18") in outgoing.headers
    assert host.violations == []


def test_a_buffered_body_alone(in_parent: Any) -> None:
    outgoing = in_parent(executing(BUFFER | NO_HEADERS, before=b"before ", after=b" after"), answering)
    assert (outgoing.status, body(outgoing)) == (200, b"before child after")
    assert "X-Child" not in names(outgoing)


def test_send_response_is_told_of_children(host: Host) -> None:
    sends: list[tuple[bool, int]] = []

    def send(context: Native, provider: Native) -> int:
        sends.append((is_child(context), provider.GetHeadersBeingSent()))
        return CONTINUE

    def handle(context: Native, provider: Native) -> int:
        if is_child(context):
            return answering(context)
        return executing(NO_HEADERS)(context)

    host.load("m", {"OnSendResponse": send, "OnExecuteRequestHandler": handle})
    host.fire()
    assert sends == [(True, 0), (False, 1), (False, 0)]


def test_a_reset_in_a_child_cuts_the_connection(in_parent: Any) -> None:
    def child(context: Native) -> int:
        response_of(context).ResetConnection()
        return FINISH

    for flags in (0, NO_HEADERS, BUFFER):
        assert in_parent(executing(flags), child).aborted


def test_a_clone_that_has_not_run_cannot_send(host: Host, in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        write(child, b"x")
        response_of(child).Flush(0, 0, NULL, NULL)
        return child.ReleaseClonedContext() or FINISH

    assert body(in_parent(parent)) == b""
    assert host.violations == ["a cloned context cannot send before it is executed"]
