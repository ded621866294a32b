// What a person does to a task: at once, or through a form. Which verbs there are, what they ask and in which order they stand comes
// from the server (`acts` of /api/v1/me, made from the rules' own table); here it is only drawn.

import { h, icon, sheet, show, toast } from "./dom.js";
import { choiceField, near as nearMetres, nearField, photoField, textField } from "./fields.js";
import { draftOf, toldFull } from "./drafts.js";
import * as place from "./place.js";
import * as queue from "./queue.js";
import { acts, foreseen, refresh, state } from "./state.js";
import { metres } from "./words.js";

export const word = (verb) => acts().forms[verb]?.label || state.me?.words.verb[verb] || "";

/** The usual next step: what the big button does. What leaves a stamp on the task is done once. */
export const nextOf = (task) => acts().next.find((v) => task.verbs.includes(v) && !task[acts().leads[v].stamp]);
export const offered = (task) => acts().order.filter((verb) => (task.verbs || []).includes(verb));

/** A press on a verb: done at once, or its form is opened. */
export async function act(task, verb) {
  const form = acts().forms[verb], at = place.last();
  const there = form.on_site && at && metres(at, task) <= nearMetres();
  if (there) await send(task, verb, { lng: at.lng, lat: at.lat }, []);
  else if (form.immediate) await send(task, verb, {}, []);
  else location.hash = `#/do/${task.id}/${verb}`;
}

/** Into the outbox, then try to send; tells in one line how it went. False when the phone could not keep it, which is said, too. */
export async function send(task, verb, json, photos, draft = null) {
  let key;
  try {
    key = await queue.enqueue({ path: `/api/v1/events/${task.id}/${verb}`, event: task.id, verb, words: word(verb), title: task.title, json, photos, draft });
  } catch (err) {
    toldFull(err);
    return false;
  }
  settled(key, `已${word(verb)}`);
  return true;
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

// One drawer a kind of field: gives {box, rows?, close?}, `lacks()` (why it cannot be sent yet, or "") and `fill(json)`.
const must = (field) => field.required || field.wanted;
const titled = (field) => (must(field) ? field.label : `${field.label}（可不填）`);
const reasoned = (json, words) => { if (words) json.reason = [json.reason, words].filter(Boolean).join("；"); };

function drawText(field, task, changed, kept) {
  const part = textField(titled(field), { hint: field.hint, most: field.most, value: kept.row.values[field.key] || "", changed });
  const name = field.key === "override" ? "reason" : field.key;
  return { ...part, draft: () => ({ [field.key]: part.value() }), label: field.label, lacks: () => (must(field) && part.value().length < field.least ? `请写${field.label}` : ""),
    fill: (json) => { if (name === "reason") reasoned(json, part.value()); else if (part.value()) json[name] = part.value(); } };
}

function drawChoice(field, task, changed, kept, read = (value) => value) {
  const part = choiceField(titled(field), field.choices.map((c) => [c.value, c.label, c.hint]), { value: kept.row.values[field.key] ?? null, changed });
  return { ...part, draft: () => ({ [field.key]: part.value() }), lacks: () => (must(field) && part.value() === null ? `请先选${field.label}` : ""),
    fill: (json) => {
      if (part.value() === null) return;
      if (field.key === "reason") reasoned(json, part.value());
      else json[field.key] = read(part.value());
    } };
}

const DRAW = {
  text: drawText,
  choice: drawChoice,
  condition: drawChoice,
  result: (field, task, changed, kept) => drawChoice(field, task, changed, kept, (value) => value === "yes"),
  until: (field, task, changed, kept) => drawChoice(field, task, changed, kept, (days) => new Date(Date.now() + days * 86400e3).toISOString()),
  photos: (field, task, changed, kept) => {
    const rows = kept.pictures.filter((row) => row.phase === field.phase);
    const part = photoField({ phase: field.phase, title: field.label, rows, changed: () => changed(true) });
    return { ...part, draft: () => ({}), lacks: () => (must(field) && !part.rows.length ? "请至少拍一张照片" : ""), fill: () => {} };
  },
  place: (field, task, changed, kept) => {
    const part = nearField(task, changed, kept.row.values.away || "");
    return { ...part, draft: () => ({ away: part.reason() }), lacks: () => (part.ready() ? "" : "请写明不在现场的原因"), fill: (json) => { Object.assign(json, part.value()); reasoned(json, part.reason()); } };
  },
};

/** The form of one verb as a page; `leave` goes back to where he came from. What is filled in stands on the phone from the first photo
 *  or word on, one draft a verb and case. */
export async function formView(view, task, verb, leave) {
  const form = acts().forms[verb];
  if (!form) { leave(); return () => {}; } // not his verb, or a phone that has not heard from the server since it learnt to ask
  const kept = await draftOf(verb, task);
  const ready = () => {
    const lacks = parts.map((part) => part.lacks()).find(Boolean) || "";
    go.disabled = Boolean(lacks);
    why.textContent = lacks;
  };
  const why = h("p.quiet.why");
  const go = h("button.big", { type: "button" }, `提交${form.label}`);
  const parts = [];
  const changed = (pictures) => {
    if (!parts.length) return;
    if (pictures === true) kept.shoot(parts.flatMap((part) => part.rows || []));
    else if (parts.some((part) => Object.values(part.draft()).some(Boolean)) || kept.old) kept.save(Object.assign({}, ...parts.map((part) => part.draft())));
    ready();
  };
  for (const field of form.fields) if (field.kind in DRAW) parts.push(DRAW[field.kind](field, task, changed, kept));
  go.addEventListener("click", async () => {
    go.disabled = true;
    go.textContent = "正在提交…";
    const json = {};
    for (const part of parts) part.fill(json);
    await kept.kept();
    kept.end();
    if (!await send(task, verb, json, parts.flatMap((part) => part.rows || []), kept.id)) {
      go.textContent = `提交${form.label}`;
      ready();
      return;
    }
    close();
    leave();
  });
  const close = () => parts.forEach((part) => part.close?.());
  const again = kept.old ? h("p.hint", null, "接着上次没交的内容。 ", h("button.link", { type: "button", onclick: async () => { close(); await kept.drop(); await formView(view, task, verb, leave); } }, "清空重来")) : null;
  show(view, again, h("p.lead", null, h("strong", null, task.title), h("br"), task.address || task.place), parts.map((part) => part.box),
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
  const worth = item.photos.length || item.json.note || item.json.reason || item.json.lng !== undefined;
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
