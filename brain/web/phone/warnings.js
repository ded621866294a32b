// 预警信息 in force, one line above the tasks; a tap tells the rest. Kept on the phone, so they end on time without a network.

import { h, icon, levelMark, sheet } from "./dom.js";
import { state } from "./state.js";
import { moment } from "./words.js";

export const inForce = () => state.warnings.filter((w) => new Date(w.ends_at) > Date.now());
const sign = (w) => levelMark({ level: w.level }); // the title says the colour
const issuer = (w) => w.sender_name || "未写发布单位";
const until = (w) => (w.expires ? `${moment(w.expires)} 结束` : "未写结束时间");

/** The worst one and how many more there are; null while none is in force. */
export function warningLine() {
  const [worst, ...others] = inForce();
  return worst && h("div.list", null, h("button.item.warning", { type: "button", onclick: tell }, sign(worst),
    h("span", null, h("b", null, worst.title), h("small", null, until(worst), others.length ? ` · 另有 ${others.length} 条` : null)), icon("go")));
}

function tell() {
  return sheet("预警信息", () => inForce().map((w) => h(`article.card.${w.level || "none"}`, null,
    h("div.line", null, h("h2", null, w.title), sign(w)),
    h("p.quiet", null, `${issuer(w)} · ${moment(w.sent)} 发布`, h("br"), until(w)),
    h("p", null, w.description),
    w.instruction ? h("p", null, h("b", null, "防御指引 "), w.instruction) : null)));
}
