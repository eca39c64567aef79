"""What goes wrong with statuses, PENDING and completions (fact sheet 2 and 3)."""

from __future__ import annotations

from pyiismod.rules.rule import ERROR, WARNING, Rule

COMPLETED_TWICE = Rule(
    "IM010",
    "completed-twice",
    ERROR,
    "A notification is completed a second time.",
    why="The second completion goes to whatever the request does by then, or to freed memory: requests skip "
    "notifications, hang or crash, and only under load.",
    fix="Complete once: either PostCompletion, or IndicateCompletion, or the return value, never two of them.",
    fact="2.4; 6, mistake 3",
)
NEVER_COMPLETED = Rule(
    "IM011",
    "never-completed",
    ERROR,
    "A handler returns RQ_NOTIFICATION_PENDING and nothing ever completes it.",
    why="The request hangs until the client gives up, and keeps its memory; the pool cannot recycle cleanly.",
    fix="Make sure that every path after PENDING, errors too, ends in one completion.",
    fact="2.4; 6, mistake 4",
)
LEFT_WITHOUT_WAITING = Rule(
    "IM012",
    "left-without-waiting",
    ERROR,
    "A handler goes on although something asynchronous that it started is still under way.",
    why="Its completion arrives in another notification, or after the module object is gone.",
    fix="Return RQ_NOTIFICATION_PENDING when *pfCompletionPending is TRUE or after PostCompletion.",
    fact="2.4; 6, mistake 5",
)
STARTED_OUTSIDE = Rule(
    "IM013",
    "started-outside",
    ERROR,
    "Something asynchronous is started or completed while no notification waits for it.",
    why="There is nobody to complete: IIS completes what comes next, or reads freed memory.",
    fix="Start it inside a handler that then returns RQ_NOTIFICATION_PENDING; stop your threads before you complete.",
    fact="2.4; 6, mistakes 2 and 6",
)
OVERLAPPING = Rule(
    "IM014",
    "overlapping-operations",
    ERROR,
    "Two asynchronous operations of one request are under way at once.",
    why="IIS supports one; the second one's completion is lost or taken for the first one's.",
    fix="Wait for the first completion, or call EnableFullDuplex for one read beside one write.",
    fact="2.4",
)
PENDING_NESTED = Rule(
    "IM015",
    "pending-nested",
    ERROR,
    "RQ_NOTIFICATION_PENDING is returned from a notification that must complete at once.",
    why="SEND_RESPONSE, READ_ENTITY, MAP_PATH and custom notifications run inside a call of somebody else; IIS cannot "
    "wait there.",
    fix="Do the work synchronously, or in a deterministic notification.",
    fact="3.1; 6, mistake 7",
)
STRANGE_STATUS = Rule(
    "IM016",
    "strange-status",
    ERROR,
    "A handler returns a status that its notification does not know.",
    why="IIS does not check it; what follows is undefined.",
    fix="Return one of the REQUEST_NOTIFICATION_STATUS or GLOBAL_NOTIFICATION_STATUS values; an HRESULT is none.",
    fact="2.1",
)
USED_AFTER_END = Rule(
    "IM017",
    "used-after-end",
    ERROR,
    "An object of IIS's is used after its end.",
    why="IIS has freed or reused it: the call works on another request, or crashes.",
    fix="After PostCompletion, IndicateCompletion, Dispose or a release nothing of the request may be touched: copy "
    "what you need before.",
    fact="2.4; 6, mistake 2",
)
BLOCKS = Rule(
    "IM018",
    "blocks",
    WARNING,
    "A handler blocks its thread for long.",
    why="IIS has a few dozen threads: while they wait the site answers nobody.",
    fix="Do slow work asynchronously (RQ_NOTIFICATION_PENDING), or bracket it with IncrementThreadCount.",
    fact="6, mistake 27",
    level=2,
)
EXCEPTION_ESCAPES = Rule(
    "IM019",
    "exception-escapes",
    ERROR,
    "A C++ or structured exception leaves the module.",
    why="IIS does not catch it: the worker process and all requests in it end.",
    fix="Catch everything at the module's boundary, in each handler, and answer 500.",
    fact="6, mistake 25",
)
