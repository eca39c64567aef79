"""A browser loads a page with its assets through a module, and opens our own pages."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

from serve_browser import browse
from serve_clients import Serving

# One red pixel.
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
_PAGE = """<!doctype html><title>waiting</title><link rel="stylesheet" href="style.css">
<img src="pixel.png" id="pixel"><p id="styled">text</p><pre id="report"></pre>
<script type="module" src="main.js"></script>
"""
_SCRIPT = """
const pixel = document.getElementById("pixel");
await pixel.decode();
const data = await fetch("data.json");
const sent = await fetch("data.json?" + "x".repeat(2000), {headers: {"X-From": "browser"}});
document.getElementById("report").textContent = JSON.stringify({
    width: pixel.naturalWidth,
    colour: getComputedStyle(document.getElementById("styled")).color,
    data: (await data.json()).answer,
    order: data.headers.get("X-Order") !== null,
    status: [data.status, sent.status, (await fetch("absent.txt")).status],
});
"""


def test_a_browser_loads_a_page_with_assets_through_the_module(serve: Callable[..., Serving], tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(_PAGE)
    (site / "main.js").write_text(_SCRIPT)
    (site / "style.css").write_text("#styled { color: rgb(1, 2, 3) }")
    (site / "pixel.png").write_bytes(_PNG)
    (site / "data.json").write_text('{"answer": 42}')
    serving = serve("order_a", "--root", site)

    dom = browse(serving.url, "--dump-dom", profile=tmp_path / "profile").decode()

    shown = re.search(r'<pre id="report">(.*?)</pre>', dom)
    assert shown is not None, dom
    assert json.loads(shown[1].replace("&quot;", '"')) == {
        "width": 1,
        "colour": "rgb(1, 2, 3)",
        "data": 42,
        "order": True,
        "status": [200, 200, 404],
    }
    for asset in ("/", "/style.css", "/pixel.png", "/main.js", "/data.json"):
        assert f"GET {asset}  200" in serving.log
    assert serving.stop() == 0
