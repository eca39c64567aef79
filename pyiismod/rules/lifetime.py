"""What goes wrong with what lives longer than one call (fact sheet 1.5, 5.5 to 5.9)."""

from __future__ import annotations

from pyiismod.rules.rule import ERROR, NOTE, WARNING, Rule

CONTEXT_SET_TWICE = Rule(
    "IM040",
    "context-set-twice",
    ERROR,
    "A stored context is set where one is set already.",
    why="The first one stays (ERROR_ALREADY_ASSIGNED); the second one leaks, and the module works on an object that "
    "GetModuleContext will never give it.",
    fix="Ask GetModuleContext first, and look at what SetModuleContext returns.",
    fact="5.8; 6, mistake 20",
)
CONTEXT_CLEANED_BY_MODULE = Rule(
    "IM041",
    "context-cleaned-by-module",
    ERROR,
    "The module frees a stored context that IIS still holds.",
    why="IIS calls CleanupStoredContext itself: twice freed.",
    fix="Leave it to IIS, or take it out first with SetModuleContext(NULL).",
    fact="5.8; 6, mistake 20",
)
FOREIGN_MODULE_ID = Rule(
    "IM042",
    "foreign-module-id",
    ERROR,
    "A module uses a module id that is not its own.",
    why="Another module's context comes back, or none.",
    fix="Keep what pModuleInfo->GetId returned in RegisterModule.",
    fact="5.8",
)
CLONE_NOT_RELEASED = Rule(
    "IM043",
    "clone-not-released",
    ERROR,
    "A cloned context is never released.",
    why="It lives until its parent ends, with everything in it.",
    fix="Call ReleaseClonedContext on every path.",
    fact="5.9; 6, mistake 29",
)
HANDLE_CLOSED = Rule(
    "IM044",
    "host-handle-closed",
    ERROR,
    "The module closes a handle that belongs to IIS.",
    why="Another part of the process gets the same number next: its file or token is used and closed by strangers.",
    fix="DuplicateHandle or DuplicateTokenEx, and close the duplicate.",
    fact="6, mistake 28",
    level=3,
)
CONTAINER_NOT_RELEASED = Rule(
    "IM045",
    "container-not-released",
    WARNING,
    "A container of DispenseContainer is never released.",
    why="It lives until the process ends.",
    fix="Call ReleaseContainer in Terminate.",
    fact="5.8",
)
MONITOR_NOT_RELEASED = Rule(
    "IM046",
    "monitor-not-released",
    WARNING,
    "A file monitor is never dereferenced.",
    why="The watch lives until the process ends.",
    fix="Call DereferenceFileMonitor.",
    fact="5.6",
)
RELEASED_TOO_OFTEN = Rule(
    "IM047",
    "released-too-often",
    ERROR,
    "An object is dereferenced more often than it was referenced.",
    why="IIS's own reference goes: the object is freed while IIS uses it.",
    fix="Dereference what you referenced, once.",
    fact="5.7",
)
REGISTERED_OBJECT_LEAKED = Rule(
    "IM048",
    "registered-object-leaked",
    NOTE,
    "A factory or global module is not freed by its Terminate.",
    why="Harmless at the end of the process; a leak wherever RegisterModule runs more than once.",
    fix="`delete this` in Terminate, or use a static object.",
    fact="1.2; 6, mistake 29",
    level=3,
)
CONTEXT_SET_WHILE_CLEANED = Rule(
    "IM049",
    "context-set-while-cleaned",
    ERROR,
    "A stored context is set while its container is cleaned up.",
    why="Nobody will clean it.",
    fix="Set no context from CleanupStoredContext.",
    fact="5.8",
)
CLONE_MISUSED = Rule(
    "IM050",
    "clone-misused",
    ERROR,
    "A cloned context is used in the wrong order.",
    why="What parent and child write gets lost, or the child is freed while it runs.",
    fix="Clone, change, execute, wait for its completion, release; write to the parent before or after, not between.",
    fact="5.9",
)
CACHE_WHILE_RESOLVING = Rule(
    "IM051",
    "cache-while-resolving",
    ERROR,
    "DoCacheOperation is called in GL_RESOLVE_MODULES.",
    why="The modules that would answer are not known yet.",
    fix="Wait for GL_APPLICATION_START.",
    fact="6, mistake 34",
)
MEMORY_LEAK = Rule(
    "IM052",
    "memory-leak",
    WARNING,
    "Each request leaves memory behind.",
    why="The worker process grows until it is recycled.",
    fix="Free what you allocate in Dispose or CleanupStoredContext.",
    fact="6, mistake 29",
    level=5,
)
HANDLE_LEAK = Rule(
    "IM053",
    "handle-leak",
    WARNING,
    "Each request leaves handles open.",
    why="A process has a limited number, and each keeps its object alive.",
    fix="Close what you open, on error paths too.",
    fact="6, mistake 29",
    level=5,
)
THREAD_LEAK = Rule(
    "IM054",
    "thread-leak",
    WARNING,
    "Each request leaves threads behind.",
    why="Each has a stack; some hundreds stop the process.",
    fix="Use the thread pool, or end your threads before you complete the request.",
    fact="6, mistake 29",
    level=5,
)
OVERRUN = Rule(
    "IM055",
    "overrun",
    ERROR,
    "The module reads or writes past the end of memory that IIS gave it.",
    why="In IIS it hits the request's neighbours: crashes elsewhere, later, or a hole for an attacker.",
    fix="Use the size that came with the pointer.",
    fact="5.1; 6, mistake 18",
    level=4,
)
REQUEST_MEMORY_AFTER_END = Rule(
    "IM056",
    "request-memory-after-end",
    ERROR,
    "The module touches memory of a request that has ended.",
    why="It belongs to another request by then.",
    fix="Copy what must live longer than the request.",
    fact="2.4; 6, mistake 2",
    level=4,
)
CRASHES = Rule(
    "IM060",
    "crashes",
    ERROR,
    "The module crashes.",
    why="The worker process and every request in it end; after a few times rapid-fail protection stops the pool.",
    fix="Look at the stack and at the last calls into IIS.",
    fact="6",
)
HANGS = Rule(
    "IM061",
    "hangs",
    ERROR,
    "The module does not come back.",
    why="The thread is lost; at start and end the whole pool waits, then WAS ends it.",
    fix="Look at what its threads wait for: a lock over a call into IIS, a loop, a wait in DllMain.",
    fact="6, mistakes 24 and 27",
)
EXITS = Rule(
    "IM062",
    "ends-process",
    ERROR,
    "The module ends the process.",
    why="All requests in it are lost; WAS counts it as a crash.",
    fix="Return a failure instead of exit, abort or terminate.",
    fact="8",
)
NOT_REMOVABLE = Rule(
    "IM063",
    "code-running-after-end",
    ERROR,
    "A thread of the module still runs when the module is unloaded.",
    why="Its code is gone under its feet: crashes at every recycle.",
    fix="End and join your threads in Terminate or GL_STOP_LISTENING.",
    fact="1.5; 6, mistake 31",
    level=3,
)
FILE_INFO_NOT_RELEASED = Rule(
    "IM064",
    "file-info-not-released",
    WARNING,
    "An IHttpFileInfo is never dereferenced.",
    why="The cache cannot drop the file.",
    fix="Call DereferenceFileInfo on every path.",
    fact="6, mistake 29",
)
CONTEXT_NOT_EXECUTED = Rule(
    "IM065",
    "context-not-executed",
    WARNING,
    "A context of CreateContext is never executed.",
    why="It lives until the preload ends.",
    fix="Execute it, or do not create it.",
    fact="4",
)
NULL_MODULE = Rule(
    "IM066",
    "null-module",
    ERROR,
    "GetHttpModule returns S_OK and no module.",
    why="IIS calls through a null pointer: the worker process ends.",
    fix="Return a failure when there is no object; check what `new (std::nothrow)` gave.",
    fact="2.2",
)
GET_MODULE_FAILS = Rule(
    "IM067",
    "no-module-object",
    ERROR,
    "GetHttpModule returns a failure.",
    why="IIS ends the request with 500 and that HRESULT, and the module takes no part in it.",
    fix="Create the object; fail only when there is no memory, and give the back end a chance in the first handler.",
    fact="2.2",
)
