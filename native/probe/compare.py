"""The same requests at the same probe, in the fake IIS: record it, or compare it with what a real one did.

    python native/probe/compare.py                  compare with golden.json beside this file
    python native/probe/compare.py GOLDEN.json      compare with another record
    python native/probe/compare.py --record OUT     write our own record in the same format

The exit code is 0 when nothing differs, 1 when something does.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyiismod
from pyiismod import runtime

HERE = Path(__file__).parent
MODULE = HERE.parent.parent / "fixtures" / "probe.dll"
NAME = "IismodProbe"
"""Of the module, the site and the application pool."""

FILES = {"hello.txt": "hello", "child.txt": "child", "index.html": "index"}
VOLATILE = ("tick", "thread")
"""What differs from run to run."""

Document = dict[str, Any]


def requests() -> list[dict[str, Any]]:
    """Return the requests that every record is about."""
    found: list[dict[str, Any]] = json.loads((HERE / "requests.json").read_text(encoding="utf-8"))
    return found


def record(module: Path = MODULE, windows: runtime.Runtime | None = None) -> Document:
    """Fire all requests at the probe in the fake IIS and return what it wrote down."""
    found = windows or runtime.find()
    with tempfile.TemporaryDirectory(prefix="iismod-probe-") as folder:
        root, lines = Path(folder) / "root", Path(folder) / "record.jsonl"
        root.mkdir()
        for name, text in FILES.items():
            (root / name).write_text(text, encoding="ascii")
        environment = {"IISMOD_PROBE_FILE": found.to_windows(lines)}
        server = pyiismod.Server(root=root, runtime=found, environment=environment, site_name=NAME, app_pool=NAME)
        with server as iis:
            iis.load(module, name=NAME)
            answers = [_fire(iis, request) for request in requests()]
        text = lines.read_text(encoding="ascii")
    about = {"windows": None, "iis": f"pyiismod {pyiismod.__version__}", "root": found.to_windows(root), "port": 80}
    return {"format": 1, "about": about, "answers": answers, "lines": [json.loads(line) for line in text.splitlines()]}


def _fire(iis: pyiismod.Server, request: dict[str, Any]) -> dict[str, Any]:
    headers = {"X-Probe": request["name"], "User-Agent": "probe", "Accept": "*/*", **request.get("headers", {})}
    if body := request.get("body", ""):
        headers["Content-Type"] = "text/plain"
    response = iis.request(request.get("method", "GET"), request["url"], headers=headers, content=body.encode())
    return {"name": request["name"], "status": response.status}


def normalised(document: Document) -> list[str]:
    """Return one text for each answer and line, without what says nothing: times, threads, places."""
    about = document["about"]
    texts = [json.dumps(answer, sort_keys=True) for answer in document["answers"]]
    for line in document["lines"]:
        kept = {key: value for key, value in line.items() if key not in VOLATILE}
        texts.append(json.dumps(kept, sort_keys=True))
    places = {json.dumps(about["root"])[1:-1]: "ROOT", f"localhost:{about['port']}": "HOST", '"localhost"': '"HOST"'}
    for place, name in places.items():
        texts = [text.replace(place, name) for text in texts]
    return [re.sub(r"/W3SVC/\d+", "/W3SVC/SITE", text) for text in texts]


def differences(golden: Document, ours: Document) -> Iterator[str]:
    """Yield the lines of a diff; nothing when the records say the same."""
    return difflib.unified_diff(normalised(golden), normalised(ours), "IIS", "pyiismod", lineterm="", n=1)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the fake IIS with the record of a real one.")
    parser.add_argument("golden", nargs="?", type=Path, default=HERE / "golden.json", help="record of a real IIS")
    parser.add_argument("--record", type=Path, metavar="OUT", help="write our own record there instead")
    options = parser.parse_args()
    if options.record:
        options.record.write_text(json.dumps(record(), indent=1) + os.linesep, encoding="utf-8")
        return 0
    if not options.golden.is_file():
        parser.error(f"there is no {options.golden}; record.ps1 makes one on Windows")
    found = list(differences(json.loads(options.golden.read_text(encoding="utf-8-sig")), record()))
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
