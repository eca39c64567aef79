// The table of events, and everything around the timeline (timeline.js).

// --- the table

const count = number => number.toLocaleString("en");
const SHOWN = 1500;
let limit = SHOWN;
const closed = new Set(spans.some(s => s.stage === "request") ? ["load", "unload"] : []);

function stageRow(stage, own, isFiltered) {
  const took = most(own.map(s => s.end)) - least(own.map(s => s.start));
  const sign = isFiltered ? "" : closed.has(stage) ? "▸ " : "▾ ";
  const toggle = () => { if (!closed.delete(stage)) closed.add(stage); rows(); };
  const text = `${stage} · ${count(own.length)} ${own.length === 1 ? "event" : "events"} · ${duration(took)}`;
  return make("tr", { class: "stage", onclick: toggle }, make("td", { colspan: 4 }, sign + text));
}

function rows() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = s => [s.name, s.kind, s.flaw, ...Object.values(s.facts)].join(" ").toLowerCase();
  const found = words.length ? spans.filter(s => words.every(word => text(s).includes(word))) : spans;
  const several = modules.length > 1;
  const list = [];
  let stage = "";
  for (const s of found.slice(0, limit)) {
    if (s.stage !== stage) {
      stage = s.stage;
      list.push(stageRow(stage, found.filter(other => other.stage === stage), words.length > 0));
    }
    if (closed.has(stage) && !words.length) continue;
    const whose = several && s.module && s.kind !== "call" ? make("span", { class: "whose" }, s.module + "  ") : null;
    const args = s.facts.arguments && !s.isMark ? make("span", { class: "args" }, make("wbr"), "(" + s.facts.arguments + ")") : null;
    const thread = s.thread && !s.depth ? make("span", { class: "args" }, run.threads[s.thread] + "  ") : null;
    const what = make("td", { style: `padding-left:${8 + s.depth * 18}px` },
      thread, whose, make("span", { class: "name" }, (s.kind === "output" ? "» " : "") + s.name), args);
    const result = (s.facts.result || "") + (s.flaw === "refused" ? " (refused)" : "");
    list.push(make("tr", {
      id: "event-" + s.index, class: [...new Set([s.kind, s.flaw, s === chosen ? "chosen" : ""])].join(" ").trim(), onclick: () => choose(s),
      ondblclick: () => choose(s, { zoom: true }),
    },
      make("td", { class: "number" }, (s.start / 1000).toFixed(3)), make("td", { class: "number" }, s.isMark ? "" : duration(s.us)),
      what, make("td", { class: result.length < 34 ? "result short" : "result" }, result)));
  }
  $("rows").replaceChildren(...list);
  $("count").textContent = words.length ? `${count(found.length)} of ${count(spans.length)}` : count(spans.length);
  $("more").hidden = found.length <= limit;
  $("more").textContent = `Show ${count(found.length - limit)} more`;
}
$("more").addEventListener("click", () => { limit = Infinity; rows(); });
$("filter").addEventListener("input", rows);

// --- everything around

function badge(text, kind) { $("badges").append(make("span", { class: "badge " + kind }, text)); }
function panel(title, ...children) { return make("section", { class: "panel" }, make("h2", {}, title), ...children); }
function problem(kind, title, ...children) {
  $("problems").hidden = false;
  $("problems").append(make("div", { class: "panel problem " + kind }, make("h2", {}, title), ...children));
}
const part = (title, text) => text ? make("div", {}, make("h3", {}, title), make("pre", {}, text)) : null;

function header() {
  const { request, response, error } = run;
  const names = run.modules.map(m => m.name).join(", ");
  $("method").textContent = request ? request.method : "";
  $("url").textContent = request ? request.url : names || "pyiismod";
  document.title = [request ? `${request.method} ${request.url}` : "", names, "pyiismod"].filter(Boolean).join(" · ");
  if (response) badge(response.line.replace(/^HTTP\/1\.1 /, ""), response.status >= 500 || !response.status ? "bad" : response.status >= 400 ? "warn" : "good");
  badge(run.outcome.replace("_", " "), error ? "bad" : "good");
  if (run.violations.length) badge(run.violations.length === 1 ? "1 violation" : run.violations.length + " violations", "bad");
  if (run.refused.length) badge(run.refused.length === 1 ? "1 call refused" : run.refused.length + " calls refused", "warn");
  $("when").textContent = run.when;
  $("footer").textContent = `pyiismod ${run.version}. Times are those of this host and its recording, not of IIS.`;
}

function problems() {
  const { error } = run;
  if (error) {
    const stack = error.stack.length ? make("div", {}, make("h3", {}, "native stack"),
      make("pre", {}, ...error.stack.map(([n, text, own]) => make("span", { class: own ? "own" : "" }, n.padEnd(4) + text + "\n")))) : null;
    problem("", error.type, make("div", {}, error.message),
      error.hint ? make("div", { class: "fix" }, make("b", {}, "Fix: "), error.hint) : null,
      make("div", { class: "facts" }, stack, part("last calls into the host", error.calls.slice(-12).join("\n")), part("OutputDebugString", error.output)));
  }
  if (run.violations.length) {
    problem("", "What the module must not do", make("ul", {}, ...run.violations.map(v => make("li", {},
      make("code", {}, v.rule), " " + v.text + " ",
      make("button", { type: "button", onclick: () => choose(spans[v.at], { zoom: true, scroll: true }) }, "show"),
      make("div", { class: "quiet" }, v.why), make("div", { class: "fix" }, make("b", {}, "Fix: "), v.fix),
      v.stack.length ? make("pre", { class: "quiet" }, v.stack.join("\n")) : null))));
  }
  if (run.refused.length) {
    problem("warn", "Calls that this host does not serve", make("pre", {}, run.refused.join("\n")));
  }
}

function aside() {
  const { response, request } = run;
  if (response) {
    const body = response.body === null ? `(${response.size} of binary data)` : response.body;
    $("aside").append(panel("Response", make("div", { class: "status" }, response.line),
      make("pre", {}, response.headers.join("\n")),
      make("pre", { class: "body" }, body || "(no body)"),
      make("div", { class: "quiet" }, `${response.size}${response.is_cut ? ", cut here" : ""}; connection: ${response.connection}`)));
  }
  for (const module of run.modules) {
    const list = make("dl");
    for (const [title, prefix] of [["request", ""], ["post", "post "], ["global", ""]]) {
      const names = module[title].map(name => name + (module.priorities[prefix + name] ? ` (${module.priorities[prefix + name]})` : ""));
      list.append(make("dt", {}, title), make("dd", {}, names.join("\n") || "none"));
    }
    $("aside").append(panel(module.name, make("div", { class: "quiet mono", title: module.path }, module.file), list,
      ...module.warnings.map(text => make("p", { class: "quiet" }, text))));
  }
  if (request) $("aside").append(panel("Request", make("div", { class: "status" }, `${request.method} ${request.url}`),
    make("pre", {}, request.headers.map(line => line.join(": ")).join("\n")), make("div", { class: "quiet" }, `body: ${request.size}`)));
  if (run.output) $("aside").append(panel("Standard output and error", make("pre", { class: "body" }, run.output)));
}

function legend() {
  const entry = (colour, text) => $("legend").append(make("span", {}, make("i", { style: `background:${colour}` }), text));
  for (const module of modules) entry(fill({ kind: "notification", module, flaw: "" }), module);
  if (spans.some(s => s.kind === "output")) entry(markColour.output, "output");
  if (spans.some(s => s.kind === "trace")) entry(markColour.trace, "trace event");
  if (spans.some(s => s.flaw === "failed")) entry(fill({ flaw: "failed" }), "failed");
  if (spans.some(s => s.flaw === "refused")) entry(fill({ flaw: "refused" }), "refused");
  if (run.violations.length) entry(markColour.violation, "violation");
}

header();
problems();
aside();
legend();
rows();
if (spans.length) {
  zoomTo(spans.some(s => s.stage === "request") ? "request" : "all");
  const words = /^#filter=(.+)$/.exec(location.hash);
  if (words) { $("filter").value = decodeURIComponent(words[1]); rows(); }
  const asked = /^#event=(\d+)$/.exec(location.hash);
  if (asked && spans[Number(asked[1])]) choose(spans[Number(asked[1])], { zoom: true, scroll: true });
} else {
  $("timeline").hidden = true;
}
addEventListener("resize", () => requestAnimationFrame(draw));
dark.addEventListener("change", () => { $("legend").replaceChildren(); legend(); draw(); });
document.documentElement.dataset.ready = spans.length;
