// What a person does to a task: at once, or through a form. The server's table decides; here stand only the questions.

import { h, icon, sheet, show, toast } from "./dom.js";
import { choiceField, near as nearMetres, nearField, photoField, textField } from "./fields.js";
import * as place from "./place.js";
import * as queue from "./queue.js";
import { foreseen, refresh, state } from "./state.js";
import { metres } from "./words.js";

export const word = (verb) => (verb === "part" ? "反馈联动" : state.me.words.verb[verb]);
const asReasons = (name) => () => state.me.lists[name].map((words) => [words, words]);

// One entry a verb that the phone offers: its questions. A verb that is not here is done at a desk.
const FORMS = {
  take: {},
  arrive: { near: true, once: true },
  return: { reasons: asReasons("return_reasons"), note: "补充说明（可不填）" },
  answer: { near: true, photos: "answer", photoNeeded: true, note: "做了什么，结果怎样", noteNeeded: true },
  verified: { near: true, photos: "verify", photoNeeded: true, passed: [[true, "属实", "现场确有这个问题"], [false, "不属实", "现场没有这个问题"]], note: "现场情况" },
  check: { near: true, photos: "check", photoNeeded: true, passed: [[true, "已解决，通过"], [false, "没有解决，返工"]], note: "现场情况" },
  note: { note: "要补充的话", noteNeeded: true, photos: "other" },
  part: { photos: "answer", note: "本单位做了什么，结果怎样", noteNeeded: true },
  extend: { reason: "为什么要延期，请在到期前申请" },
  urge: { note: "催办的话（可不填）" },
  supervise: { note: "督办的话" },
  accept: {},
  decline: { reasons: asReasons("decline_reasons"), note: "补充说明（可不填）" },
  register: { conditions: asReasons("register_conditions") },
  rework: { reason: "哪里没有做好" },
  close: { conditions: asReasons("close_conditions") },
  resume: {},
};

/** The usual next step first: what the big button does. */
export const NEXT = ["take", "arrive", "answer", "check", "verified", "part"];
export const nextOf = (task) => NEXT.find((v) => task.verbs.includes(v) && !(v === "arrive" && task.arrived));
export const offered = (task) => (task.verbs || []).filter((verb) => verb in FORMS);

/** A press on a verb: done at once, or its form is opened. */
export async function act(task, verb) {
  const form = FORMS[verb], at = place.last();
  const there = form.near && at && metres(at, task) <= nearMetres();
  if (there && form.once) await send(task, verb, { lng: at.lng, lat: at.lat }, []);
  else if (Object.keys(form).length) location.hash = `#/do/${task.id}/${verb}`;
  else await send(task, verb, {}, []);
}

/** Into the outbox, then try to send; tells in one line how it went. */
export async function send(task, verb, json, photos) {
  const key = await queue.enqueue({ path: `/api/v1/events/${task.id}/${verb}`, event: task.id, verb, words: word(verb), title: task.title, json, photos });
  await settled(key, `已${word(verb)}`);
}

/** Wait a moment for the outcome of one key: sent, refused, or kept for later. */
export async function settled(key, done) {
  const patience = new Promise((resolve) => { setTimeout(resolve, 8000); });
  await Promise.race([queue.flush(), patience]);
  const item = (await queue.waiting()).mine.find((i) => i.key === key);
  if (!item) toast(done, "good");
  else if (item.state === "waiting") toast("已存在手机里，联网后自动发送");
  if (!item) await refresh();
}

/** The form of one verb as a page; `leave` goes back to where he came from. */
export function formView(view, task, verb, leave) {
  const form = FORMS[verb];
  const parts = [];
  const add = (part) => { parts.push(part); return part; };
  const ready = () => {
    go.disabled = Boolean(missing());
    why.textContent = missing() || "";
  };
  const passed = form.passed && add(choiceField("结论", form.passed, { changed: () => ready() }));
  const reasons = (form.reasons || form.conditions) && add(choiceField(form.reasons ? "原因" : "条件", (form.reasons || form.conditions)(), { changed: () => ready() }));
  const reason = form.reason && add(textField("原因", { hint: form.reason, changed: () => ready() }));
  const photos = form.photos && add(photoField({ phase: form.photos, changed: () => ready() }));
  const note = form.note && add(textField("说明", { hint: form.note, changed: () => ready() }));
  const near = form.near && add(nearField(task, () => ready()));
  const why = h("p.quiet.why");
  const go = h("button.big", { type: "button" }, `提交${word(verb)}`);

  function missing() {
    if (passed && passed.value() === null) return "请先选结论";
    if (reasons && !reasons.value()) return form.reasons ? "请先选原因" : "请先选条件";
    if (reason && reason.value().length < 2) return "请写原因";
    if (form.photoNeeded && !photos.rows.length) return "请至少拍一张照片";
    if (form.noteNeeded && note.value().length < 2) return "请写说明";
    if (near && !near.ready()) return "请写明不在现场的原因";
    return "";
  }
  go.addEventListener("click", async () => {
    go.disabled = true;
    go.textContent = "正在提交…";
    const json = { ...(near ? near.value() : {}) };
    if (passed) json.passed = passed.value();
    if (form.conditions) json.condition = reasons.value();
    const because = [form.reasons && reasons.value(), reason && reason.value(), near && near.reason()].filter(Boolean).join("；");
    if (because) json.reason = because;
    if (note && note.value()) json.note = note.value();
    close();
    leave();
    await send(task, verb, json, photos ? photos.rows : []);
  });
  const close = () => parts.forEach((part) => part.close?.());
  show(view, h("p.lead", null, h("strong", null, task.title), h("br"), task.address || task.place), parts.map((part) => part.box),
    h("div.foot", null, why, go));
  ready();
  return close;
}

/** Hand the place to a map app. GCJ-02, because every map app in China draws in it (domain: coordinates). */
export function navigate(task) {
  const [lng, lat] = task.gcj.map((n) => n.toFixed(6));
  const name = encodeURIComponent(task.address || task.title);
  const apple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
  const apps = [
    ["高德地图", `${apple ? "iosamap://path" : "amapuri://route/plan/"}?sourceApplication=brain&dlat=${lat}&dlon=${lng}&dname=${name}&dev=0&t=0`],
    ["腾讯地图", `qqmap://map/routeplan?type=drive&to=${name}&tocoord=${lat},${lng}&referer=brain`],
    ["百度地图", `baidumap://map/direction?destination=latlng:${lat},${lng}|name:${name}&coord_type=gcj02&mode=driving&src=brain`],
    apple ? ["苹果地图", `http://maps.apple.com/?daddr=${lat},${lng}`] : ["其他地图", `geo:${lat},${lng}?q=${lat},${lng}(${name})`],
  ];
  return sheet(`去 ${task.address || task.title}`, (close) => [
    h("div.list", null, apps.map(([label, href]) => h("a.item", { href, onclick: () => close() }, icon("route"), label))),
    h("p.quiet", null, "没有装的地图点了不会打开，换一个即可。"),
  ]);
}

/** Conflicts: what happened, and one tap to settle it. */
export function conflict(item, edit) {
  const said = `${item.event ? `“${item.title}”的“${item.words}”没有记上` : `“${item.title}”没有报上去`}：${item.error.replace(/。$/, "")}。`;
  // What is worth keeping as a note: pictures, words, and that he was there. To have wished to take it over is not.
  const worth = item.photos.length || item.json.note || item.json.reason || item.verb === "arrive";
  const now = state.tasks.find((t) => t.id === item.event);
  const note = item.event && worth && item.verb !== "note" && item.code !== "unknown";
  const keeps = item.photos.length ? `${item.photos.length} 张照片和文字还在手机里。` : worth ? "填的内容还在手机里。" : now ? `任务现在是“${now.state_words}”。` : "任务已不在您的名下。";
  const settle = (close, how) => async () => { close(); await queue.settle(item, how); await refresh(); };
  return sheet("没有记上", (close) => [
    h("p", null, said),
    h("p", null, keeps),
    h("div.row", null,
      note ? h("button.big", { type: "button", onclick: settle(close, "note") }, "补记为备注") : null,
      item.event ? null : h("button.big", { type: "button", onclick: () => { close(); edit(item); } }, "改一改"),
      worth || !item.event ? null : h("button.big", { type: "button", onclick: settle(close, "discard") }, "知道了"),
      note || !item.event ? null : h("button.big.second", { type: "button", onclick: settle(close, "again") }, "再试一次"),
      worth || !item.event ? h("button.big.second", { type: "button", onclick: settle(close, "discard") }, "放弃") : null),
  ]);
}

/** The buttons at the foot of a task's page: every verb he may use, the usual next step first. */
export function footButtons(raw) {
  const task = foreseen(raw);
  if (task.done) return h("p.quiet", null, `${task.done}，等待上传`);
    const verbs = offered(task);
  const main = nextOf(task);
  const rest = verbs.filter((v) => v !== main);
  return [
    h("div.row", null,
      main ? h("button.big", { type: "button", onclick: () => act(task, main) }, word(main)) : null,
      h("button.big.second", { type: "button", onclick: () => navigate(task) }, icon("route"), "导航")),
    rest.length ? h("div.row.tight.wrap", null, rest.map((v) => h("button.second.small", { type: "button", onclick: () => act(task, v) }, word(v)))) : null,
  ];
}
