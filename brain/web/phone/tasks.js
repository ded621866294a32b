// The first page: my tasks, the most urgent on top.

import { h, icon, levelMark, show } from "./dom.js";
import * as place from "./place.js";
import { acts, foreseen, state } from "./state.js";
import { act, navigate, nextOf, word } from "./verbs.js";
import { inForce, warningLine } from "./warnings.js";
import { distance, left, metres } from "./words.js";

/** How far, in words, or null while nobody knows. */
export function away(task) {
  const fix = place.last();
  return fix ? `距我 ${distance(metres(fix, task))}` : null;
}

const PREFIX = { check: "核查：", verify: "核实：", part: "联动：" };
export const headline = (task) => (PREFIX[task.task] || "") + task.title;

export function timeLeft(task) {
  if (task.done) return h("strong.left", null, `${task.done} · 待上传`);
  const due = left(task.due_at);
  return h(`strong.left${due.late ? ".late" : due.near ? ".near" : ""}`, { data: { due: task.due_at || "" } }, due.words);
}

/** The buttons of a card: the next step first, then the way there or the way out. */
function buttons(task) {
  if (task.done) return null;
  const next = nextOf(task);
  const act1 = next && h("button.big", { type: "button", onclick: () => act(task, next) }, word(next));
  const beside = acts().beside[next];
  const other = beside && task.verbs.includes(beside)
    ? h("button.big.second", { type: "button", onclick: () => act(task, beside) }, word(beside))
    : h("button.big.second", { type: "button", onclick: () => navigate(task) }, "导航");
  return h("div.row", null, act1, other);
}

const facts = (task) => [away(task), task.arrived && "已到场", task.waits && !task.done && "待上传"].filter(Boolean).join(" · ");

function card(raw) {
  const task = foreseen(raw);
  const origin = [task.urges ? `催办 ${task.urges} 次` : null, task.supervised ? "督办" : null, task.measured || task.source_words, task.photos.length ? `${task.photos.length} 图` : null];
  return h(`article.card.${task.level || "none"}`, { data: { id: task.id } },
    h("a.body", { href: `#/e/${task.id}`, "aria-label": `${headline(task)}，打开详情` },
      h("div.line", null, h("h2", null, headline(task)), timeLeft(task)),
      h("p.where", null, task.address || task.place),
      h("div.line.small", null, h("span", { data: { away: task.id } }, facts(task)),
        h("span.origin", null, levelMark(task), origin.filter(Boolean).join(" · ")))),
    buttons(task));
}

let shown = "";

/** Paint the list; leaves the page alone when nothing on it would change. */
export function paint(view, fresh) {
  const now = JSON.stringify([state.tasks, state.pending.map((i) => [i.key, i.state]), state.tasksAt === null, place.last() === null, inForce()]);
  if (!fresh && now === shown) return tick(view);
  shown = now;
  if (!state.tasks.length) {
    show(view, warningLine(), h("div.empty", null, icon("tasks"), state.tasksAt
      ? [h("p", null, "现在没有您的任务"), h("p.quiet", null, "有新任务会自动出现在这里。看见问题，点下面“上报”。")]
      : [h("p", null, "还没有取到任务"), h("p.quiet", null, "联网后会自动取。上报不受影响。")]));
    return undefined;
  }
  const order = (t) => [foreseen(t).done ? 1 : 0, t.due_at ? new Date(t.due_at).getTime() : Infinity];
  const rows = [...state.tasks].sort((a, b) => { const x = order(a), y = order(b); return x[0] - y[0] || x[1] - y[1]; });
  show(view, warningLine(), place.trouble() && place.last() === null && isSecureContext ? h("p.hint", null, place.trouble()) : null, rows.map(card));
  return undefined;
}

/** Only the words that run with the clock and with the feet. */
export function tick(view) {
  for (const el of view.querySelectorAll("[data-due]")) {
    const due = left(el.dataset.due || null);
    el.textContent = due.words;
    el.className = `left${due.late ? " late" : due.near ? " near" : ""}`;
  }
  for (const el of view.querySelectorAll("[data-away]")) {
    const task = state.tasks.find((t) => t.id === el.dataset.away);
    if (task) el.textContent = facts(foreseen(task));
  }
}
