// 消息: what he must be told, unread on top; opening one marks it read.

import { h, icon, show, toast } from "./dom.js";
import { read, state } from "./state.js";
import { moment } from "./words.js";

export function messagesView(view) {
  if (!state.notices.length) {
    show(view, h("div.empty", null, icon("bell"), h("p", null, "没有消息"), h("p.quiet", null, "派单、催办、核查和结果会显示在这里。")));
    return;
  }
  const mark = async (ids) => {
    try { await read(ids); } catch (fail) { if (fail.status === undefined) throw fail; toast(fail.offline ? "离线，联网后再标为已读" : fail.message, "bad"); }
  };
  const open = (n) => {
    if (!n.read) mark([n.id]);
    if (n.event) location.hash = `#/e/${n.event}`;
  };
  show(view,
    state.unread ? h("div.row.tight", null, h("button.second.small", { type: "button", onclick: () => mark(null) }, `全部标为已读（${state.unread}）`)) : null,
    h("div.list", null, state.notices.map((n) => h(`button.item${n.read ? "" : ".new"}`, { type: "button", onclick: () => open(n) },
      h("span", null, n.words, h("small", null, `${moment(n.at)}${n.read ? "" : " · 未读"}`)), n.event ? icon("go") : null))));
}
