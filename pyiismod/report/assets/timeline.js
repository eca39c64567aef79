"use strict";
// What happened is read once; everything below draws it. Text goes in as text, never as markup.

const run = JSON.parse(document.getElementById("run").textContent);
const spans = run.spans.map((s, index) => ({
  index, name: s.n, kind: s.k, stage: s.g, start: s.s, us: s.u, end: s.s + s.u, depth: s.d, thread: s.t,
  module: s.m, facts: s.f, flaw: s.k === "violation" ? "violation" : s.x || "",
  isMark: s.k === "output" || s.k === "violation" || s.k === "trace",
}));
const $ = id => document.getElementById(id);
window.addEventListener("error", event => { document.documentElement.dataset.error = event.message; });

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null));
  return element;
}

const least = values => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = values => values.reduce((a, b) => Math.max(a, b), -Infinity);

function duration(us) {
  if (us >= 999500) return (us / 1e6).toFixed(1) + " s";
  if (us >= 999.5) return (us / 1000).toFixed(us < 99950 ? 1 : 0) + " ms";
  return us.toFixed(us < 10 && us % 1 ? 1 : 0) + " µs";
}

// --- colours: a hue for each module, strong for handlers, pale for calls

const hues = [217, 150, 278, 28, 190, 330, 52, 95];
const modules = [...new Set(spans.map(s => s.module).filter(Boolean))];
const dark = matchMedia("(prefers-color-scheme: dark)");
const hue = module => hues[Math.max(0, modules.indexOf(module)) % hues.length];

function fill(span) {
  if (span.flaw === "failed" || span.flaw === "violation") return dark.matches ? "#a33b3b" : "#f3a5a5";
  if (span.flaw === "refused") return dark.matches ? "#96681a" : "#fbd38d";
  if (span.kind === "phase") return dark.matches ? "#4a5568" : "#b4bfcd";
  const strong = span.kind === "notification";
  if (dark.matches) return `hsl(${hue(span.module)} ${strong ? 55 : 32}% ${strong ? 48 : 32}%)`;
  return `hsl(${hue(span.module)} ${strong ? 78 : 72}% ${strong ? 66 : 86}%)`;
}
const markColour = { violation: "#dc2626", output: "#8b5cf6", trace: "#0d9488" };
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// --- time: where nothing happens at all, the axis is cut short

const pieces = (() => {
  const found = [];
  for (const s of [...spans].sort((a, b) => a.start - b.start)) {
    const last = found[found.length - 1];
    if (last && s.start <= last.end) last.end = Math.max(last.end, s.end);
    else found.push({ start: s.start, end: s.end });
  }
  const busy = found.reduce((sum, piece) => sum + piece.end - piece.start, 0) || 1;
  // a pause is judged by what is around it, so that one of a request counts although loading took long
  let at = 0;
  found.forEach((piece, i) => {
    const before = i ? piece.start - found[i - 1].end : 0;
    const near = i ? Math.max(found[i - 1].end - found[i - 1].start, piece.end - piece.start, busy / 400) : 0;
    piece.idle = before;
    piece.isCut = i > 0 && before > near * 0.5;
    at += piece.isCut ? near * 0.25 : before;
    piece.at = at;
    at += piece.end - piece.start;
    piece.until = at;
    piece.after = i ? found[i - 1].until : 0; // where the pause before it begins
  });
  return found;
})();
const total = pieces.length ? Math.max(pieces[pieces.length - 1].until, 0.5) : 1;

function last(items, isBefore) { // the index of the last item that is, of sorted ones; 0 when none is
  let low = 0, high = items.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isBefore(items[middle])) low = middle; else high = middle - 1;
  }
  return low;
}
function place(time) {
  const piece = pieces[last(pieces, p => p.start <= time)];
  return piece ? piece.at + Math.min(time, piece.end) - piece.start : 0;
}
for (const s of spans) { s.x0 = place(s.start); s.x1 = s.x0 + s.us; }

// --- lanes: one for each thread, as many rows as calls nest

const lanes = [];
let height = 24;
for (const [number, title] of Object.entries(run.threads)) {
  const own = spans.filter(s => s.thread === Number(number));
  const rows = most(own.map(s => s.depth)) + 1;
  lanes.push({ title, top: height, rows, spans: own, marks: own.filter(s => s.isMark) });
  height += 20 + rows * 23 + 8;
}
const ROW = 23, BAR = 20, TITLE = 20;
const laneOf = new Map(lanes.flatMap(lane => lane.spans.map(s => [s.index, lane])));
const top_ = s => laneOf.get(s.index).top + TITLE + s.depth * ROW;

// --- the view

const canvas = $("lanes"), overview = $("overview"), zooms = {};
let view = { from: 0, to: total }, chosen = null, hovered = null;

function fit(from, to) {
  const room = Math.max((to - from) * 0.03, 0.05);
  show(from - room, to + room);
}
function focus(s) { // a mark is shown in what it happened in
  const around = s.isMark ? laneOf.get(s.index).spans.findLast(o => !o.isMark && o.x0 <= s.x0 && o.x1 >= s.x0) : s;
  if (around) fit(around.x0, Math.max(around.x1, around.x0 + 1));
  else fit(s.x0 - 50, s.x0 + 50);
}
function show(from, to) {
  for (const button of Object.values(zooms)) button.setAttribute("aria-pressed", false);
  const width = Math.min(Math.max(to - from, 0.5), total * 1.06);
  from = Math.min(Math.max(from, -total * 0.03), total * 1.03 - width);
  view = { from, to: from + width };
  requestAnimationFrame(draw);
}
function stageSpan(stage) {
  const own = stage === "all" ? spans : spans.filter(s => s.stage === stage);
  return own.length ? [least(own.map(s => s.x0)), most(own.map(s => s.x1))] : null;
}

function context(target, tall) {
  const ratio = window.devicePixelRatio || 1, width = target.clientWidth;
  if (target.width !== Math.round(width * ratio) || target.height !== Math.round(tall * ratio)) {
    target.width = Math.round(width * ratio);
    target.height = Math.round(tall * ratio);
    target.style.height = tall + "px";
  }
  const pen = target.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, tall);
  return [pen, width];
}

function clipped(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(text.slice(0, middle) + "…").width <= room) low = middle; else high = middle - 1;
  }
  return low > 1 ? text.slice(0, low) + "…" : "";
}

function draw() {
  const [pen, width] = context(canvas, height);
  const scale = width / (view.to - view.from);
  const x = at => (at - view.from) * scale;
  axis(pen, width, x);
  let drawn = 0;
  for (const lane of lanes) {
    pen.font = "600 11px system-ui, sans-serif";
    pen.fillStyle = css("--quiet");
    pen.fillText(lane.title, 6, lane.top + 14);
    pen.font = "12px ui-monospace, Consolas, 'DejaVu Sans Mono', monospace";
    const covered = new Array(lane.rows).fill(-1);
    for (const s of lane.spans) {
      if (s.isMark || s.x1 < view.from || s.x0 > view.to) continue;
      const left = x(s.x0), wide = Math.max((s.x1 - s.x0) * scale, 1.5), top = top_(s);
      if (left + wide < covered[s.depth] + 0.5 && !s.flaw) continue; // less than a pixel, behind another
      covered[s.depth] = left + wide;
      pen.fillStyle = fill(s);
      pen.beginPath();
      pen.roundRect(left, top, Math.max(wide - (wide > 4 ? 1 : 0), 1), BAR, wide > 8 ? 3 : 0);
      pen.fill();
      if (s === chosen || s === hovered) {
        pen.strokeStyle = css(s === chosen ? "--accent" : "--ink");
        pen.lineWidth = s === chosen ? 2 : 1;
        pen.stroke();
      }
      const from = Math.max(left, 0), room = Math.min(left + wide, width) - from - 12;
      if (room > 18) {
        const took = duration(s.us), method = s.name.split("::").pop();
        const whole = s.name.includes("::") && pen.measureText(s.name).width > room ? method : s.name;
        const text = clipped(pen, whole, room);
        pen.fillStyle = dark.matches ? "#f2f5fa" : "#141a24";
        pen.fillText(text, from + 6, top + 14);
        const used = pen.measureText(text).width, need = pen.measureText(took).width;
        if (text === whole && used + need + 12 < room) {
          pen.globalAlpha = 0.6;
          pen.fillText(took, from + 6 + used + 10, top + 14);
          pen.globalAlpha = 1;
        }
      }
      drawn += 1;
    }
    for (const s of lane.marks) {
      if (s.x0 < view.from || s.x0 > view.to) continue;
      const left = x(s.x0), middle = top_(s) + BAR / 2, size = s === chosen || s === hovered ? 8 : 6;
      pen.fillStyle = markColour[s.kind];
      pen.beginPath();
      pen.moveTo(left, middle - size); pen.lineTo(left + size, middle);
      pen.lineTo(left, middle + size); pen.lineTo(left - size, middle);
      pen.fill();
      drawn += 1;
    }
  }
  for (const [one, other] of run.links) arrow(pen, x, spans[one], spans[other]);
  canvas.dataset.drawn = drawn;
  drawOverview();
}

function arrow(pen, x, begin, end) { // from a handler that returned PENDING to what resumed it
  const from = x(begin.x1), to = x(end.x0), high = top_(begin) + BAR / 2, low = top_(end) + BAR / 2;
  if (Math.max(from, to) < 0 || Math.min(from, to) > canvas.clientWidth) return;
  const bend = Math.max(18, Math.abs(to - from) / 2);
  pen.strokeStyle = pen.fillStyle = css("--ink");
  pen.globalAlpha = 0.55; pen.lineWidth = 1.3;
  pen.beginPath(); pen.moveTo(from, high); pen.bezierCurveTo(from + bend, high, to - bend, low, to - 5, low); pen.stroke();
  pen.beginPath(); pen.moveTo(to, low); pen.lineTo(to - 7, low - 4); pen.lineTo(to - 7, low + 4); pen.fill();
  pen.globalAlpha = 1;
}
function axis(pen, width, x) {
  pen.font = "11px system-ui, sans-serif";
  const step = steps((view.to - view.from) * 110 / width);
  let free = 2; // from where on there is room for text
  for (let i = last(pieces, p => p.at <= view.from); i < pieces.length && pieces[i].after <= view.to; i += 1) {
    const piece = pieces[i];
    if (piece.isCut && x(piece.at) - x(piece.after) > 2) free = pause(pen, piece, x, free);
    const room = pieces[i + 1]?.isCut ? Math.min(width, x(piece.until)) : width;
    const offset = piece.start - piece.at, end = Math.min(view.to, piece.until) + offset;
    for (let at = Math.ceil((Math.max(view.from, piece.at) + offset) / step) * step; at <= end; at += step) {
      const left = x(at - offset), text = tick(at, step), wide = pen.measureText(text).width;
      pen.strokeStyle = css("--line"); pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(left + 0.5, 18); pen.lineTo(left + 0.5, height); pen.stroke();
      if (left < free || left + 3 + wide > room) continue;
      pen.fillStyle = css("--quiet");
      pen.fillText(text, left + 3, 12);
      free = left + wide + 8;
    }
  }
}
function pause(pen, piece, x, free) {
  const left = x(piece.after), right = x(piece.at);
  pen.save();
  pen.beginPath(); pen.rect(left, 0, right - left, height); pen.clip();
  pen.fillStyle = css("--soft"); pen.fillRect(left, 0, right - left, height);
  pen.strokeStyle = css("--line"); pen.lineWidth = 1;
  for (let at = Math.max(left, -9) - height; at < Math.min(right, canvas.clientWidth); at += 9) {
    pen.beginPath(); pen.moveTo(at, height); pen.lineTo(at + height, 0); pen.stroke();
  }
  pen.restore();
  const text = duration(piece.idle) + " idle", wide = pen.measureText(text).width, from = (left + right - wide) / 2;
  if (wide + 8 >= right - left || from < free) return free;
  pen.fillStyle = css("--card"); pen.fillRect(from - 4, 1, wide + 8, 15);
  pen.fillStyle = css("--quiet"); pen.fillText(text, from, 12);
  return from + wide + 8;
}
function steps(smallest) {
  const power = 10 ** Math.floor(Math.log10(smallest));
  return [1, 2, 5, 10].map(n => n * power).find(n => n >= smallest);
}
function tick(us, step) {
  if (us < 1000) return us.toFixed(step < 1 ? 1 : 0) + " µs";
  const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10(step / 1000))));
  return (us / 1000).toFixed(digits) + " ms";
}

function drawOverview() {
  const [pen, width] = context(overview, 34);
  const scale = width / total, soft = css("--soft");
  for (const piece of pieces.filter(p => p.isCut)) {
    pen.fillStyle = soft; pen.fillRect(piece.after * scale, 0, (piece.at - piece.after) * scale, 34);
  }
  for (const s of spans) {
    pen.fillStyle = s.isMark ? markColour[s.kind] : fill(s);
    pen.fillRect(s.x0 * scale, 4 + Math.min(s.depth, 2) * 9, Math.max((s.x1 - s.x0) * scale, 1), 8);
  }
  pen.fillStyle = dark.matches ? "#0008" : "#fffb";
  const left = view.from * scale, right = view.to * scale;
  pen.fillRect(0, 0, left, 34); pen.fillRect(right, 0, width - right, 34);
  pen.strokeStyle = css("--accent"); pen.lineWidth = 2;
  pen.strokeRect(Math.max(left, 0) + 1, 1, Math.max(Math.min(right, width) - Math.max(left, 0) - 2, 3), 32);
}

// --- pointing, choosing, moving

function under(event) {
  const box = canvas.getBoundingClientRect();
  const scale = box.width / (view.to - view.from);
  const at = view.from + (event.clientX - box.left) / scale, y = event.clientY - box.top;
  const lane = lanes.find(l => y >= l.top && y < l.top + TITLE + l.rows * ROW);
  if (!lane) return null;
  const depth = Math.floor((y - lane.top - TITLE) / ROW), near = 5 / scale;
  const here = lane.spans.filter(s => s.depth === depth);
  return here.find(s => s.isMark && Math.abs(s.x0 - at) < near * 1.4)
    || here.find(s => !s.isMark && s.x0 <= at && s.x1 >= at)
    || here.find(s => !s.isMark && s.x0 - near <= at && s.x1 + near >= at) || null;
}

function facts(s) {
  const list = make("dl");
  const all = { at: (s.start / 1000).toFixed(3) + " ms", took: s.isMark ? "" : duration(s.us), ...s.facts, thread: run.threads[s.thread] };
  for (const [name, value] of Object.entries(all)) if (value) list.append(make("dt", {}, name), make("dd", {}, value));
  return list;
}

const tip = $("tip");
function hover(event) {
  const found = under(event);
  if (found !== hovered) { hovered = found; requestAnimationFrame(draw); }
  tip.hidden = !found;
  if (!found) return;
  tip.replaceChildren(make("b", {}, found.name), facts(found));
  const wide = tip.offsetWidth, tall = tip.offsetHeight;
  tip.style.left = Math.min(event.clientX + 14, innerWidth - wide - 8) + "px";
  tip.style.top = (event.clientY + 18 + tall > innerHeight ? event.clientY - tall - 12 : event.clientY + 18) + "px";
}

function choose(s, { scroll = false, zoom = false } = {}) {
  chosen = s;
  const box = $("selected");
  box.hidden = !s;
  document.querySelectorAll("tr.chosen").forEach(row => row.classList.remove("chosen"));
  if (s) {
    box.replaceChildren(make("b", { class: "mono" }, s.name), facts(s));
    if (closed.delete(s.stage)) rows();
    const row = $("event-" + s.index);
    if (row) {
      const table = $("table");
      row.classList.add("chosen");
      if (scroll) table.scrollTop = row.offsetTop - table.clientHeight / 2; // the timeline stays where it is
    }
    history.replaceState(null, "", "#event=" + s.index);
    if (zoom || s.x1 < view.from || s.x0 > view.to) focus(s);
  }
  requestAnimationFrame(draw);
}

let drag = null;
canvas.addEventListener("pointerdown", event => {
  drag = { x: event.clientX, from: view.from, to: view.to, moved: false };
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", event => {
  if (!drag) return hover(event);
  const moved = (event.clientX - drag.x) * (drag.to - drag.from) / canvas.clientWidth;
  if (Math.abs(event.clientX - drag.x) > 3) { drag.moved = true; canvas.classList.add("dragging"); tip.hidden = true; }
  if (drag.moved) show(drag.from - moved, drag.to - moved);
});
canvas.addEventListener("pointerup", event => {
  if (drag && !drag.moved) choose(under(event), { scroll: true });
  drag = null;
  canvas.classList.remove("dragging");
});
canvas.addEventListener("pointerleave", () => { tip.hidden = true; hovered = null; requestAnimationFrame(draw); });
canvas.addEventListener("dblclick", event => { const s = under(event); if (s) choose(s, { zoom: true }); });
canvas.addEventListener("wheel", event => {
  event.preventDefault();
  const share = (event.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) move((event.deltaX || event.deltaY) / 800);
  else zoomBy(1.0015 ** event.deltaY, share);
}, { passive: false });

function zoomBy(factor, share = 0.5) {
  const width = view.to - view.from, at = view.from + width * share;
  show(at - width * factor * share, at + width * factor * (1 - share));
}
function move(share) {
  const width = view.to - view.from;
  show(view.from + width * share, view.to + width * share);
}
let brush = false;
function look(event) {
  const at = event.offsetX / overview.clientWidth * total, half = (view.to - view.from) / 2;
  show(at - half, at + half);
}
overview.addEventListener("pointerdown", event => { brush = true; overview.setPointerCapture(event.pointerId); look(event); });
overview.addEventListener("pointermove", event => { if (brush) look(event); });
overview.addEventListener("pointerup", () => { brush = false; });

addEventListener("keydown", event => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = direction => {
    const shown = [...document.querySelectorAll("#rows tr[id]")].map(row => spans[Number(row.id.slice(6))]);
    const next = shown[Math.max(0, Math.min(shown.length - 1, shown.indexOf(chosen) + direction))];
    if (next) choose(next, { scroll: true });
    event.preventDefault();
  };
  const keys = {
    w: () => zoomBy(0.7), s: () => zoomBy(1.4), a: () => move(-0.2), d: () => move(0.2),
    0: () => zoomTo("all"), f: () => { if (chosen) focus(chosen); },
    Escape: () => choose(null), ArrowDown: () => step(1), ArrowUp: () => step(-1),
  };
  keys[event.key]?.();
});

function zoomTo(stage) {
  const found = stageSpan(stage);
  if (!found) return;
  fit(...found);
  zooms[stage]?.setAttribute("aria-pressed", true);
}
for (const stage of ["all", "load", "request", "unload"]) {
  if (stage !== "all" && !spans.some(s => s.stage === stage)) continue;
  zooms[stage] = make("button", { type: "button", onclick: () => zoomTo(stage) }, stage);
  $("zooms").append(zooms[stage]);
}
