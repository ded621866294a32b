// Start here: opens with what the phone remembers, then asks the server; routes by the part after #.

import { get } from "./api.js";
import { h, icon, show } from "./dom.js";
import { detailView } from "./detail.js";
import { messagesView } from "./messages.js";
import { letters, mineView } from "./mine.js";
import * as keep from "./keep.js";
import * as map from "./map.js";
import * as place from "./place.js";
import * as queue from "./queue.js";
import { address, title } from "./drafts.js";
import { dictionary, editAgain, reportView } from "./report.js";
import * as store from "./store.js";
import { changed, changes, counted, identify, over, refresh, remembered, state } from "./state.js";
import { paint, tick } from "./tasks.js";
import { conflict, formView, word } from "./verbs.js";
import { moment } from "./words.js";

const head = document.getElementById("head");
const bars = document.getElementById("bars");
const view = document.getElementById("view");
const tabs = document.getElementById("tabs");
const LOGIN = "/login?next=/m/";
const TABS = [["tasks", "任务", "tasks"], ["report", "上报", "plus"], ["messages", "消息", "bell"], ["me", "我的", "me"]];
const TITLES = { tasks: "我的任务", report: "上报", messages: "消息", me: "我的", e: "任务详情", do: "" };

let close = null, current = "", elsewhere = false, gone = 0;
const told = new Set(); // conflicts that were shown once

function route() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return { name: name in TITLES ? name : "tasks", rest };
}

function top() {
  const { name, rest } = route();
  const { me } = state;
  const inner = name === "e" || name === "do" || name === "report";
  const title = name === "do" ? word(rest[1]) : TITLES[name];
  document.title = `${title} · 网格任务`;
  show(head, inner ? h("button.plain.round", { type: "button", "aria-label": "返回", onclick: back }, icon("back")) : null, h("h1", null, title),
    inner ? null : h("span.who", null, h("span", null, me.grid?.short || me.org?.short || me.name), ` · ${state.online ? "在线" : "离线"}`, h(`span.lamp${state.online ? ".on" : ""}`)));
  show(tabs, TABS.map(([key, words, sign]) => {
    const count = { tasks: state.tasks.length, messages: state.unread }[key];
    return h(`a.tab${key === "report" ? ".main" : ""}`, { href: `#/${key}`, "aria-current": key === name ? "page" : null, "aria-label": words + (count ? ` ${count} 条` : "") },
      icon(sign), h("span", null, words, count ? h("b", null, ` ${count}`) : null));
  }));
  tabs.hidden = inner;
}

function back() {
  if (history.length > 1 && sessionStorage.getItem("inside")) history.back();
  else location.hash = "#/tasks";
}

/** The yellow bars: what keeps the page from being up to date, in one sentence each. */
function notices() {
  const bad = state.pending.filter((i) => i.state === "conflict");
  const waiting = state.pending.length - bad.length;
  const pictures = state.photos ? `（${state.photos} 张照片）` : "";
  const rows = [];
  if (state.login) rows.push(h("a.bar", { href: LOGIN }, "登录已过期，", h("b", null, "点这里重新登录"), waiting ? `；${waiting} 件会在登录后发送` : ""));
  else if (state.why && waiting) rows.push(h("div.bar", null, `没有发出：${state.why}。${waiting} 件${pictures}留在手机里，自动重试`));
  else if (!state.online) rows.push(h("div.bar", null, `离线${waiting ? ` · ${waiting} 件待上传${pictures}，联网后自动发送` : state.tasksAt ? ` · 这是 ${moment(state.tasksAt)} 的任务` : ""}`));
  else if (waiting) rows.push(h("div.bar", null, `正在上传 · ${waiting} 件${pictures}`));
  if (bad.length) rows.push(h("button.bar", { type: "button", onclick: () => conflict(bad[0], editAgain) }, `${bad.length} 件没有记上，`, h("b", null, "点这里处理")));
  if (gone) rows.push(h("button.bar", { type: "button", onclick: () => { gone = 0; notices(); } }, `浏览器清掉了这台手机上存的内容：${gone} 件没写完或没发出的已不在，请核对“我上报的”后补报。`, h("b", null, "知道了")));
  const { name, rest } = route();
  const left = state.drafts.filter((row) => !(name === "report" && row.verb === "report") && !(name === "do" && rest[0] === row.event && rest[1] === row.verb));
  if (left.length) rows.push(h("a.bar", { href: address(left[0]) }, `${left.length} 份没交：${title(left[0])}，`, h("b", null, "接着写")));
  if (!isSecureContext) rows.push(h("div.bar", null, "本页没有用 HTTPS 打开：不能定位，也不能离线使用"));
  show(bars, rows);
}

/** Draw the view of the present address. Forms are drawn once and then left alone; lists follow the data. */
async function draw() {
  if (elsewhere) return;
  const { name, rest } = route();
  const key = location.hash || "#/tasks";
  const fresh = key !== current;
  top();
  notices();
  if (fresh) {
    close?.();
    close = null;
    if (current) sessionStorage.setItem("inside", "1");
    current = key;
    scrollTo(0, 0);
    view.className = name;
  }
  if (name === "tasks") paint(view, fresh);
  else if (name === "messages") messagesView(view);
  else if (!fresh) return;
  else if (name === "me") await mineView(view);
  else if (name === "report") { const end = await reportView(view, () => { location.hash = "#/tasks"; }, rest[0]); if (current === key) close = end; else end(); }
  else if (name === "e") await detailView(view, rest[0]);
  else {
    const task = state.tasks.find((t) => t.id === rest[0]) || await get(`/api/v1/events/${rest[0]}`).catch(() => null);
    if (current !== key) return;
    if (task) { const end = await formView(view, task, rest[1], () => { location.hash = "#/tasks"; }); if (current === key) close = end; else end(); }
    else location.hash = "#/tasks";
  }
}

/** Pushes from the server; closed while the page is behind, so that a sleeping phone holds no line. */
let stream = null;
function listen() {
  if (stream || document.hidden || !state.me) return;
  stream = new EventSource("/api/v1/stream");
  let soon = 0;
  stream.addEventListener("change", () => { clearTimeout(soon); soon = setTimeout(refresh, 400); });
  stream.addEventListener("open", () => { if (!state.online) awake(); });
}

function awake() {
  listen();
  refresh();
  if (state.pending.length) queue.flush();
}

function asleep() {
  stream?.close();
  stream = null;
}

/** Another page of this phone is the one that writes. */
function away() {
  elsewhere = true;
  asleep();
  close?.();
  tabs.hidden = true;
  show(bars);
  show(head, h("h1", null, "网格任务"));
  show(view, h("div.empty", null, h("p", null, "另一个页面正开着"), h("p.quiet", null, "同一台手机上一次只用一个页面，免得两边写乱。没交的内容都留着。"),
    h("button.big", { type: "button", onclick: async () => { await keep.lease(away, true); location.reload(); } }, "改在这里用")));
}

/** Show what was refused, one after another; none takes the place of another, or of anything else that is open. */
async function tellConflicts() {
  for (;;) {
    const bad = state.pending.find((i) => i.state === "conflict" && !told.has(i.key));
    if (!bad || document.getElementById("over").className) return;
    told.add(bad.key);
    await conflict(bad, editAgain);
  }
}

async function start() {
  letters();
  if (!await keep.lease(away)) { away(); return; }
  gone = await keep.lost();
  await remembered();
  if (state.me) draw();
  try {
    await identify();
    state.online = true;
  } catch (fail) {
    if (fail.status === undefined) throw fail;
    if (fail.login) { await over(); location.replace(LOGIN); return; }
    if (fail.code === "must_change") { location.replace("/password"); return; }
    state.online = false;
    if (!state.me) { show(view, h("div.empty", null, h("p", null, "连不上服务器"), h("p.quiet", null, "这台手机还没有登录过，请联网后再打开。"), h("button.big", { type: "button", onclick: () => location.reload() }, "重试"))); return; }
  }
  place.start();
  changes.addEventListener("change", draw);
  addEventListener("hashchange", draw);
  addEventListener("online", awake);
  addEventListener("offline", () => { state.online = false; changed(); });
  document.addEventListener("visibilitychange", () => (document.hidden ? asleep() : awake()));
  place.changes.addEventListener("change", () => { if (route().name === "tasks") paint(view, false); });
  queue.changes.addEventListener("conflict", async () => { await refresh(); await counted(); tellConflicts(); });
  queue.changes.addEventListener("sent", () => { state.online = true; state.why = ""; });
  setInterval(() => (route().name === "tasks" ? paint(view, false) : tick(view)), 20e3);
  draw();
  awake();
  await counted();
  // What a report needs where there is no line: kept on the phone before it is asked for.
  if (state.online) await Promise.all([map.load(), (await store.get("categories")) || dictionary()]);
  await keep.persist();
  document.documentElement.dataset.kept = "yes";
}

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/m/sw.js", { scope: "/m/" });
start();
