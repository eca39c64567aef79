"""A browser loads a page with its assets through a module, and opens our own pages."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from serve_browser import browse
from serve_clients import Serving

from pyiismod.runtime import Runtime

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


def test_a_browser_draws_the_timeline(windows: Runtime, dll: Callable[[str], Path], tmp_path: Path) -> None:
    """``run --report page.html``: one bar for each event, inside of the drawing; a click finds its line."""
    report = tmp_path / "page.html"
    modules = [str(dll("style_waf")), "--module", str(dll("order_a")), "--report", str(report)]
    command = [sys.executable, "-m", "pyiismod", "run", *modules, "/?a=1"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    probe = """<script>
    const bars = [...document.querySelectorAll("svg [data-row]")];
    const inside = bars.filter(bar => {
        const [box, chart] = [bar.getBoundingClientRect(), bar.closest("svg").getBoundingClientRect()];
        return box.width > 0 && box.left >= chart.left - 1 && box.right <= chart.right + 2
            && box.top >= chart.top && box.bottom <= chart.bottom;
    });
    bars.at(-1).dispatchEvent(new MouseEvent("click"));
    document.title = JSON.stringify([bars.length, inside.length, document.querySelectorAll("tr").length,
        document.querySelector("tr.picked").id === bars.at(-1).dataset.row]);
    </script>"""
    probed = tmp_path / "probed.html"
    probed.write_text(report.read_text("utf-8").replace("</body>", probe + "</body>"), "utf-8")

    dom = browse(probed.as_uri(), "--dump-dom", profile=tmp_path / "profile").decode()
    shown = re.search(r"<title>(.*?)</title>", dom)
    assert shown is not None
    bars, inside, rows, picked = json.loads(shown[1])
    assert bars == inside == rows > 20
    assert picked

    shot = tmp_path / "page.png"
    size = "--window-size=1200,900"
    browse(report.as_uri(), f"--screenshot={shot}", size, profile=tmp_path / "profile")
    assert shot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert shot.stat().st_size > 20_000
