"""A run as one HTML page that needs nothing else: summary, the timeline drawn, every event, response and output.

Load, request and unload are drawn each to a scale of their own: a load takes a thousand times as long as a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template

from pyiismod.report.record import Run
from pyiismod.report.response import body_note, body_text, head_lines
from pyiismod.report.spans import Span, spans
from pyiismod.report.timeline import stages
from pyiismod.report.values import duration, visible

__all__ = ["page"]

_WIDTH, _ROW, _AXIS = 1000, 20, 18
_COLOURS = ("#8ec6ff", "#ffd27f", "#b7e4a8", "#f3b0c3", "#cdb8f0", "#9fe3dc")
_CALL = "#e3e3e3"
_LETTER = 7.3  # of a label, in units of the drawing
_LONGEST = 20_000  # characters of a body


def page(run: Run) -> str:
    """Return the page."""
    title = f"{', '.join(module.name for module in run.modules) or 'pyiismod'}: {run.method} {run.url}"
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    return template.substitute(title=_text(title), body="\n".join(_parts(run)))


def _text(text: str) -> str:
    return escape(visible(text))


def _parts(run: Run) -> Iterator[str]:
    yield from _summary(run)
    found = spans(run.trace or ())
    colours = _colours(found)
    names = [stage for stage, _ in stages(span.event for span in found)]
    for stage, group in groupby(zip(names, range(len(found)), found, strict=True), key=lambda each: each[0]):
        numbered = [(number, span) for _, number, span in group]
        yield f"<h2>{stage}</h2>"
        yield _drawing(numbered, colours)
    yield "<h2>events</h2>"
    yield _table(found, run.refused)
    if run.response is not None:
        body = body_text(run.response)
        shown = body_note(run.response, "pyiismod run -o FILE saves it") if body is None else body[:_LONGEST]
        yield "<h2>response</h2>"
        yield f"<pre>{_text(chr(10).join(head_lines(run.response)))}\n\n{escape(shown)}</pre>"
    if run.output:
        yield f"<h2>printed</h2><pre>{_text(run.output)}</pre>"


def _summary(run: Run) -> Iterator[str]:
    yield f"<h1><code>{_text(f'{run.method} {run.url}')}</code></h1>"
    kind = "completed" if run.error is None else "failed"
    status = f", status {run.response.status}" if run.response is not None else ""
    yield f'<p>Outcome: <span class="outcome {kind}">{run.outcome}</span>{status}</p>'
    if run.error is not None:
        yield f"<pre>{_text(str(run.error))}</pre>"
    for module in run.modules:
        told = module.registration
        names = [*told.request_notifications, *(f"post {name}" for name in told.post_notifications)]
        names += told.global_notifications
        yield f"<p>Module <b>{_text(module.name)}</b> <code>{_text(module.path.name)}</code>: {', '.join(names)}</p>"


def _colours(found: Iterable[Span]) -> dict[str | None, str]:
    modules = dict.fromkeys(span.event.module for span in found if span.event.module)
    return {module: _COLOURS[at % len(_COLOURS)] for at, module in enumerate(modules)}


def _drawing(numbered: Sequence[tuple[int, Span]], colours: dict[str | None, str]) -> str:
    """Return the chart of one stage: a lane for each thread, in it a row for each depth."""
    start = min(span.start for _, span in numbered)
    end = max(span.start + span.us for _, span in numbered)
    scale = _WIDTH / max(end - start, 0.001)
    tops, top = {}, _AXIS
    for thread in sorted({span.event.thread for _, span in numbered}):
        tops[thread] = top
        top += _ROW * (1 + max(span.depth for _, span in numbered if span.event.thread == thread)) + 6
    shapes = [_shape(number, span, start, scale, tops, colours) for number, span in numbered]
    axis = [
        f'<text class="axis" x="{at * _WIDTH / 4:.0f}" y="12" text-anchor="{anchor}">'
        f"{duration((end - start) * at / 4)}</text>"
        for at, anchor in ((0, "start"), (1, "middle"), (2, "middle"), (3, "middle"), (4, "end"))
    ]
    return f'<svg viewBox="0 0 {_WIDTH} {top}" role="img">{"".join(axis)}{"".join(shapes)}</svg>'


def _shape(
    number: int, span: Span, start: float, scale: float, tops: dict[int, int], colours: dict[str | None, str]
) -> str:
    x, y = (span.start - start) * scale, tops[span.event.thread] + span.depth * _ROW
    tip = "\n".join([span.label, duration(span.us), *(f"{name}: {value}" for name, value in span.facts.items())])
    title = f"<title>{escape(tip)}</title>"
    if span.is_mark:
        colour = "#d33" if span.event.event == "violation" else "#a3a"
        return (
            f'<rect class="mark" data-row="e{number}" x="{min(x, _WIDTH - 4):.2f}" y="{y}" width="4" '
            f'height="{_ROW - 2}" fill="{colour}">{title}</rect>'
        )
    width = max(span.us * scale, 1.5)
    colour = _CALL if span.event.event == "call" else colours.get(span.event.module, _CALL)
    fits = int((width - 6) / _LETTER)
    label = span.label if len(span.label) <= fits else span.label[: fits - 1] + "…" if fits > 3 else ""
    text = f'<text x="{x + 3:.2f}" y="{y + 13}">{escape(label)}</text>' if label else ""
    return (
        f'<rect data-row="e{number}" x="{min(x, _WIDTH - 1.5):.2f}" y="{y}" width="{width:.2f}" '
        f'height="{_ROW - 2}" rx="2" fill="{colour}">{title}</rect>{text}'
    )


def _table(found: Sequence[Span], refused: Sequence[str]) -> str:
    rows = []
    for number, span in enumerate(found):
        kind = "refused" if span.label in refused and span.event.result != "S_OK" else span.event.event
        facts = span.facts
        details = facts.get("arguments", "")
        result = f" → {facts['result']}" if "result" in facts else ""
        note = " (the host does not serve this)" if kind == "refused" else ""
        call = f"{'&nbsp;' * 3 * span.depth}{escape(span.label)}" + (f"({escape(details)})" if details else "")
        rows.append(
            f'<tr id="e{number}" class="{kind}"><td class="number">{span.start / 1000:,.3f} ms</td>'
            f"<td>{call}{escape(result)}{note}</td>"
            f'<td class="number">{"" if span.is_mark else duration(span.us)}</td></tr>'
        )
    return f"<table>{''.join(rows)}</table>"
