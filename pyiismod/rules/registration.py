"""What goes wrong in ``RegisterModule``, and in what it registers (fact sheet 1)."""

from __future__ import annotations

from pyiismod.rules.rule import ERROR, NOTE, WARNING, Rule

REGISTERED_FOR_NOTHING = Rule(
    "IM001",
    "registered-for-nothing",
    WARNING,
    "A factory or global module is registered for no notification at all.",
    why="IIS keeps the object and never calls it.",
    fix="Give SetRequestNotifications or SetGlobalNotifications the bits of the handlers that the class overrides.",
    fact="1.2",
)
NEVER_TOLD = Rule(
    "IM002",
    "never-told",
    WARNING,
    "A notification is registered that IIS never raises.",
    why="The handler is dead code: the bit has no event, or no post event, behind it.",
    fix="Take the bit out of the mask; use a notification that the tables of the documentation list.",
    fact="1.2; 7",
)
PRIORITY_OF_NOTHING = Rule(
    "IM003",
    "priority-of-nothing",
    WARNING,
    "A priority is set for a notification that is not registered.",
    why="It has no effect.",
    fix="Register the notification as well, and before: SetRequestNotifications comes first.",
    fact="1.2",
)
REGISTERED_TOO_LATE = Rule(
    "IM004",
    "registered-too-late",
    ERROR,
    "IHttpModuleRegistrationInfo is used after RegisterModule has returned.",
    why="IIS has freed it: the call reads freed memory.",
    fix="Do everything with pModuleInfo inside RegisterModule; keep only the results of GetId and GetName.",
    fact="1.2",
)
NOT_OVERRIDDEN = Rule(
    "IM005",
    "not-overridden",
    ERROR,
    "A handler is registered and not overridden.",
    why="CHttpModule's own body calls DebugBreak: the worker process ends with 0x80000003 on the first request.",
    fix="Override it with exactly the signature of httpserv.h and write `override`, so that the compiler finds the "
    "difference; or take the bit out of the mask.",
    fact="6, mistake 26",
)
TRACING_WHILE_REGISTERING = Rule(
    "IM006",
    "tracing-while-registering",
    WARNING,
    "IHttpTraceContext is used inside RegisterModule.",
    why="The documentation forbids it: the tracing of the process is not ready there.",
    fix="Trace from GL_APPLICATION_START or from a request notification.",
    fact="6, mistake 34; 8",
)
REGISTRATION_FAILS = Rule(
    "IM007",
    "registration-fails",
    ERROR,
    "RegisterModule returns a failure, or ends the process.",
    why="The whole application pool stops: 503 for every site in it, event 2293, and after a few tries rapid-fail "
    "protection.",
    fix="Return S_OK, register nothing or only what still works, and write to the event log what is missing.",
    fact="1.2; 6, mistake 32",
)
WRONG_VTABLE_ORDER = Rule(
    "IM008",
    "wrong-vtable-order",
    ERROR,
    "The module was compiled for another C++ ABI than IIS's.",
    why="Overloaded methods stand in another order in its vtables: IIS and module call each other's wrong functions.",
    fix="Compile with MSVC or clang-cl, or declare the interfaces in slot order as iismod/httpserv.h does.",
    fact="httpserv README, overloads",
)
DEBUG_RUNTIME = Rule(
    "IM009",
    "debug-runtime",
    ERROR,
    "The module needs the debug C++ runtime, which no server has.",
    why="LoadLibrary fails there with ERROR_MOD_NOT_FOUND: event 2280, and the pool stops.",
    fix="Ship the Release build (/MD or /MT).",
    fact="6, mistake 33",
)
NEEDS_REDISTRIBUTABLE = Rule(
    "IM070",
    "needs-redistributable",
    NOTE,
    "The module needs a Visual C++ redistributable, which a fresh server does not have.",
    why="Without it LoadLibrary fails with ERROR_MOD_NOT_FOUND: event 2280, and the pool stops.",
    fix="Install it with the module, or link the runtime statically (/MT).",
    fact="6, mistake 33",
)
DOES_NOT_LOAD = Rule(
    "IM071",
    "does-not-load",
    ERROR,
    "IIS cannot load the module.",
    why="The worker process stops with event 2280 or 2295, every site of the pool answers 503, and after a few tries "
    "rapid-fail protection stops the pool.",
    fix="Do what is said beside the failed phase: deploy the missing DLL, rebuild for the processor, export "
    "RegisterModule.",
    fact="1.1; 1.4; 6, mistake 33",
)
