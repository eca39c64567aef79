"""What goes wrong with headers and bodies (fact sheet 5.2 and 5.3)."""

from __future__ import annotations

from pyiismod.rules.rule import ERROR, NOTE, WARNING, Rule

BODY_NOT_PUT_BACK = Rule(
    "IM020",
    "body-not-put-back",
    WARNING,
    "A module reads the request's body, leaves the request to others, and does not put the body back.",
    why="The application behind it finds an empty body: logins and uploads fail.",
    fix="Give it back with InsertEntityBody, in memory of AllocateRequestMemory.",
    fact="5.2; 6, mistake 9",
)
BODY_MEMORY_GONE = Rule(
    "IM021",
    "body-memory-gone",
    ERROR,
    "Memory that was given by reference for a body is gone or changed when it is needed.",
    why="WriteEntityChunkByReference and InsertEntityBody keep the pointer: the client gets garbage, or IIS crashes.",
    fix="Use memory of AllocateRequestMemory, or memory that lives until the request ends.",
    fact="5.2; 5.3; 6, mistake 10",
    level=3,
)
TOO_MANY_CHUNKS = Rule(
    "IM022",
    "too-many-chunks",
    ERROR,
    "A response has more than 65534 chunks.",
    why="EntityChunkCount is a USHORT: the call fails, or the count wraps and body is lost.",
    fix="Collect small writes into one buffer, or Flush in between.",
    fact="5.3; 6, mistake 14",
)
WRONG_LENGTH = Rule(
    "IM023",
    "wrong-content-length",
    ERROR,
    "Content-Length does not say what the body has.",
    why="The client waits for bytes that never come, or takes the rest for the next response.",
    fix="Change Content-Length with the body, or delete the header: IIS sets it.",
    fact="5.3; 6, mistake 17",
)
TOO_LATE = Rule(
    "IM024",
    "after-headers-sent",
    ERROR,
    "Status or headers are changed after they were sent.",
    why="IIS takes the call silently, and the client never sees it.",
    fix="Change them before the first Flush, and in OnSendResponse only while GetHeadersBeingSent says so.",
    fact="5.3; 6, mistake 16",
)
AFTER_THE_END = Rule(
    "IM025",
    "after-response-end",
    ERROR,
    "Something is written after the end of the response.",
    why="Nobody gets it.",
    fix="Write before the last Flush (fMoreData FALSE) and before the request ends.",
    fact="5.3; 6, mistake 6",
)
BAD_CHUNK = Rule(
    "IM026",
    "bad-chunk",
    ERROR,
    "A chunk of the response points to nothing that can be sent.",
    why="http.sys refuses the whole send: the client gets a reset connection.",
    fix="Keep handles open until the response is out, and ranges inside the file.",
    fact="5.3",
)
WRONG_ENTITY_SIZE = Rule(
    "IM027",
    "wrong-entity-size",
    ERROR,
    "A size that is given to IIS does not fit the buffer beside it.",
    why="IIS believes it: memory is overrun, or a reader gets bytes of somebody else.",
    fix="Pass the size of the data, and no more than the buffer holds.",
    fact="3.3; 5.2",
)
MERGED_COOKIES = Rule(
    "IM028",
    "merged-cookies",
    ERROR,
    "Set-Cookie lines are merged, or one replaces another.",
    why="A browser takes only the first cookie of a merged line; sessions of other modules are lost.",
    fix="Add each cookie with SetHeader(HttpHeaderSetCookie, …, fReplace = FALSE).",
    fact="6, mistake 15",
)
REDIRECT_WITHOUT_FINISH = Rule(
    "IM029",
    "redirect-without-finish",
    WARNING,
    "Redirect or ResetConnection is called, and the request goes on.",
    why="Later modules and the handler still run and overwrite the answer.",
    fix="Return RQ_NOTIFICATION_FINISH_REQUEST afterwards.",
    fact="5.3; 6, mistake 38",
)
SET_URL_TOO_LATE = Rule(
    "IM030",
    "set-url-too-late",
    WARNING,
    "SetUrl is called in the pipeline of a request that is no clone.",
    why="The handler is chosen by then, or other modules have seen the old URL: half of the request is rewritten.",
    fix="Rewrite in GL_PRE_BEGIN_REQUEST, or clone the context and execute that.",
    fact="6, mistake 37",
)
SENDS_FOR_EVER = Rule(
    "IM031",
    "sends-for-ever",
    ERROR,
    "OnSendResponse sends again and again.",
    why="Each send raises SEND_RESPONSE anew: the stack overflows.",
    fix="Remember in the module object that you are inside, and do nothing then.",
    fact="3.1",
)
HANDLER_TOO_LATE = Rule(
    "IM032",
    "handler-too-late",
    WARNING,
    "The handler is set after the handler stage has begun.",
    why="It has no effect.",
    fix="Call SetScriptMap in MAP_REQUEST_HANDLER or before.",
    fact="5.1",
)
URL_AS_STRING = Rule(
    "IM033",
    "url-as-string",
    ERROR,
    "A part of CookedUrl, or a raw header, is read as a terminated string.",
    why="Its length is beside it, in bytes; what follows belongs to the next part, or to nobody.",
    fix="Use the …Length member (divide by sizeof(WCHAR)) and copy.",
    fact="5.1; 6, mistake 18",
    level=4,
)
WRONG_FRAMING = Rule(
    "IM039",
    "wrong-chunked-framing",
    ERROR,
    "A module sets Transfer-Encoding: chunked itself, and its body is not framed that way.",
    why="http.sys sends the body as it is: the client waits for more, or takes it for an error.",
    fix="Delete the header: IIS frames what has no Content-Length. Or frame every byte, and end with 0 CR LF CR LF.",
    fact="5.3",
)
SPINS_AT_EOF = Rule(
    "IM034",
    "spins-at-end-of-body",
    ERROR,
    "ReadEntityBody is called again and again after the end of the body.",
    why="The end comes as ERROR_HANDLE_EOF or as S_OK with no bytes: a loop that knows one of them never ends.",
    fix="Stop at ERROR_HANDLE_EOF and at 0 bytes.",
    fact="5.2; 6, mistake 11",
)
OUT_OF_MEMORY = Rule(
    "IM035",
    "allocation-not-checked",
    ERROR,
    "The module does not bear a failing allocation.",
    why="AllocateRequestMemory and IModuleAllocator return NULL under pressure: the worker process crashes when it is "
    "needed most.",
    fix="Check for NULL and answer ERROR_NOT_ENOUGH_MEMORY or 500.",
    fact="5.1",
    level=6,
)
ARGUMENT = Rule(
    "IM036",
    "bad-argument",
    ERROR,
    "A call has an argument that IIS does not check.",
    why="IIS reads it as it is, and crashes.",
    fix="Pass what the documentation asks for.",
    fact="5",
)
SHRINKING_READS = Rule(
    "IM037",
    "shrinking-reads",
    WARNING,
    "Each read of the body asks for as much as the last one brought.",
    why="The count of received bytes is used as the size of the buffer: after one short read a body takes for ever.",
    fix="Set the size of the buffer anew before each ReadEntityBody.",
    fact="5.2; 6, mistake 12",
)
MANY_REQUEST_ALLOCATIONS = Rule(
    "IM038",
    "request-memory-grows",
    NOTE,
    "A request takes much memory of AllocateRequestMemory in many pieces.",
    why="It is freed only when the request ends: a loop over a long body keeps all of it.",
    fix="Reuse a buffer of your own in loops.",
    fact="6, mistake 30",
    level=3,
)
