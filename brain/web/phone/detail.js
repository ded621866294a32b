// One task or event as a page: what, where, until when, the pictures, the history, and the buttons at the foot.

import { get } from "./api.js";
import { h, levelMark, show } from "./dom.js";
import { look } from "./fields.js";
import * as place from "./place.js";
import { state } from "./state.js";
import { away, headline, timeLeft } from "./tasks.js";
import { footButtons } from "./verbs.js";
import { distance, moment } from "./words.js";

function fact(label, value) {
  return value ? [h("dt", null, label), h("dd", null, value)] : null;
}

function line(entry) {
  return h("li", null,
    h("div.line", null, h("strong", null, entry.verb_words), h("span.quiet", null, moment(entry.at))),
    h("p.quiet", null, [entry.actor, entry.org, entry.distance_m == null ? null : `距现场 ${distance(entry.distance_m)}`].filter(Boolean).join(" · ")),
    entry.reason ? h("p", null, `原因：${entry.reason}`) : null,
    entry.note ? h("p", null, entry.note) : null);
}

function paint(view, event) {
  const task = state.tasks.find((t) => t.id === event.id) || event;
  show(view,
    h("section.card.still", null,
      h("div.line", null, h("h2", null, headline(task)), timeLeft(task)),
      h("p.where", null, event.address || event.place),
      h("div.line.small", null, h("span", null, away(event) || ""), h("span.origin", null, levelMark(event), event.state_words)),
      event.description ? h("p", null, event.description) : null,
      event.alert ? h("p", null, event.alert) : null),
    event.photos.length ? h("div.strip", null, event.photos.map((p) => h("button.thumb", {
      type: "button", onclick: () => look(p.url, `${state.me.words.phase[p.phase]} · ${moment(p.at)}`), "aria-label": `${state.me.words.phase[p.phase]}的照片，打开大图`,
    }, h("img", { src: p.thumb, alt: "", loading: "lazy" }), h("small", null, state.me.words.phase[p.phase])))) : null,
    h("dl.facts", null,
      fact("类别", event.category_words), fact("来源", event.source_words), fact("专题", state.me.words.theme?.[event.theme]), fact("网格", event.place), fact("处置单位", event.org_words), fact("处置人", event.handler),
      fact("时限", event.limit_words), fact("到期", event.due_at && moment(event.due_at) + (task.due_for ? `（${task.due_for}）` : "")), fact("编号", event.id), fact("说明", event.simulated ? "模拟数据" : "")),
    event.log ? h("section", null, h("h2.part", null, "经过"), h("ol.log", null, [...event.log].reverse().map(line))) : h("p.quiet", null, "离线：这里只有手机里存的内容，联网后可看照片和经过。"),
    h("div.foot", null, footButtons(task)));
}

export async function detailView(view, id) {
  place.start();
  const kept = state.tasks.find((t) => t.id === id);
  if (kept) paint(view, kept);
  else show(view, h("p.quiet", null, "正在打开…"));
  try {
    paint(view, await get(`/api/v1/events/${encodeURIComponent(id)}`));
  } catch (fail) {
    if (fail.status === undefined) throw fail;
    if (!kept) show(view, h("div.empty", null, h("p", null, fail.offline ? "离线，打不开这件事" : fail.message)));
  }
}
