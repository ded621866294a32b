// The parts that forms are made of: photos, place, a choice, a text.

import { get } from "./api.js";
import { h, icon, sheet, show, toast } from "./dom.js";
import { gridAt, pick } from "./map.js";
import * as place from "./place.js";
import { take } from "./photo.js";
import { state } from "./state.js";
import { distance, metres } from "./words.js";

const MOST_PHOTOS = 9;
/** Metres from the event within which a man is at the place (catalog, workflow.toml). The server decides; this only asks in time. */
export const near = () => state.me.near_m;

/** Photo strip with a camera button. `rows` is the live list; `album` also allows pictures taken before. */
export function photoField({ phase, title = "照片", rows = [], album = false, hint, changed = () => {} }) {
  const strip = h("div.strip");
  const box = h("section.field", null, h("h2", null, title), strip, hint ? h("p.quiet", null, hint) : null);
  let busy = 0;
  const input = (capture) => h("input", {
    type: "file", accept: "image/*", capture: capture ? "environment" : null, multiple: !capture, class: "hidden-input",
    "aria-label": capture ? "拍照" : "从相册选", onchange: (e) => add([...e.target.files]),
  });
  async function add(files) {
    busy += 1;
    paint();
    for (const file of files.slice(0, MOST_PHOTOS - rows.length)) {
      try {
        rows.push(await take(file, phase));
      } catch (err) {
        toast(err.message, "bad");
      }
    }
    busy -= 1;
    paint();
    changed(rows);
  }
  function thumb(row) {
    const url = URL.createObjectURL(row.blob);
    return h("div.thumb", null,
      h("img", { src: url, alt: "已拍的照片", onload: () => URL.revokeObjectURL(url) }),
      h("button.drop", { type: "button", "aria-label": "删掉这张照片", onclick: () => { rows.splice(rows.indexOf(row), 1); paint(); changed(rows); } }, icon("close")));
  }
  function paint() {
    const room = rows.length < MOST_PHOTOS;
    show(strip, rows.map(thumb), busy ? h("div.thumb.busy", null, "处理中…") : null,
      room ? h(`label.shoot${rows.length ? ".less" : ""}`, null, icon("camera"), rows.length ? "再拍" : "拍照", input(true)) : null,
      room && album ? h(`label.shoot.less.album`, null, "相册", input(false)) : null);
  }
  paint();
  return { box, rows };
}

/** Place of a new report: GPS first, the map where there is none, `words` (a field of the form) beside it. `value()` → {lng, lat,
 *  address} or null. */
export function placeField({ title = "地点", words = null, draft = {}, changed = () => {} }) {
  let picked = draft.picked || null, grid = null, asked = "";
  const where = h("p.fix"), cell = h("p.quiet");
  const address = h("input.text", { type: "text", maxlength: words?.most, placeholder: words?.hint, "aria-label": words?.label, value: draft.address || "", hidden: !words, oninput: () => changed() });
  const byMap = h("button.second.small", { type: "button", onclick: async () => {
    const got = await pick(point() || undefined);
    if (got) { picked = got; paint(); changed(); }
  } }, icon("pin"), "地图");
  const gps = h("button.second.small", { type: "button", onclick: () => { picked = null; place.again(); paint(); changed(); } }, icon("aim"), "定位");
  const box = h("section.field", null, h("h2", null, title), h("div.line", null, h("div", null, where, cell), h("div.stack", null, byMap, gps)), address);
  const point = () => picked || place.last();

  async function nameGrid(at) {
    const key = `${at.lng.toFixed(4)},${at.lat.toFixed(4)}`;
    if (key === asked) return;
    asked = key;
    try {
      grid = await get(`/api/v1/grid?lng=${at.lng}&lat=${at.lat}`);
    } catch (fail) {
      grid = fail.offline ? await gridAt(at) : { error: fail.message };
    }
    if (asked === key) cell.textContent = grid?.words || grid?.error || "网格由服务器按坐标确定";
    cell.classList.toggle("bad", Boolean(grid?.error));
  }

  function paint() {
    const at = point();
    if (picked) where.textContent = "已用地图上选的点";
    else if (!at) where.textContent = place.trouble() || "正在定位…";
    else if (at.acc > near()) where.textContent = `定位误差约 ${distance(at.acc)}，偏大：请到开阔处重新定位，或在地图上选`;
    else where.textContent = `已定位，误差约 ${Math.max(1, Math.round(at.acc))} 米`;
    where.classList.toggle("bad", !at || (!picked && at.acc > near()));
    gps.hidden = !picked && Boolean(at) && at.acc <= near();
    if (at) nameGrid(at);
    else cell.textContent = "";
  }
  const listen = () => { if (!picked) paint(); };
  place.changes.addEventListener("change", listen);
  place.start();
  paint();
  return {
    box,
    value: () => { const at = point(); return at ? { lng: at.lng, lat: at.lat, address: address.value.trim() } : null; },
    draft: () => ({ picked, address: address.value }),
    outside: () => Boolean(grid?.error),
    close: () => place.changes.removeEventListener("change", listen),
  };
}

/** Where the worker stands against the event; asks for a reason when he is farther off than the rule allows. */
export function nearField(task, changed = () => {}, before = "") {
  const line = h("p.fix");
  const reason = h("textarea.text", { rows: 2, maxlength: 200, "aria-label": "不在现场的原因", placeholder: "不在现场的原因，例如：现场在围墙内，只能在门口", oninput: () => changed() });
  reason.value = before;
  const box = h("section.field", null, h("h2", null, "位置"), line, reason);
  const metresOff = () => { const at = place.last(); return at ? metres(at, task) : null; };
  function paint() {
    const m = metresOff();
    line.textContent = m === null ? place.trouble() || "正在定位…" : m <= near() ? `您在现场（距 ${distance(m)}）` : `您离现场 ${distance(m)}，超过 ${near()} 米，请写明原因`;
    line.classList.toggle("bad", m === null || m > near());
    reason.hidden = m !== null && m <= near();
  }
  const listen = () => { paint(); changed(); };
  place.changes.addEventListener("change", listen);
  place.start();
  paint();
  return {
    box,
    value: () => { const at = place.last(); return at ? { lng: at.lng, lat: at.lat } : {}; },
    reason: () => (reason.hidden ? "" : reason.value.trim()),
    ready: () => reason.hidden || reason.value.trim().length > 1,
    close: () => place.changes.removeEventListener("change", listen),
  };
}

/** Big radio buttons: `choices` are [value, words, hint?]. */
export function choiceField(title, choices, { value = null, changed = () => {} } = {}) {
  const box = h("section.field", { role: "radiogroup", "aria-label": title }, h("h2", null, title));
  const list = h("div.choices");
  box.append(list);
  function paint() {
    show(list, choices.map(([key, words, hint]) => h(`button.choice${key === value ? ".on" : ""}`, {
      type: "button", role: "radio", "aria-checked": String(key === value), onclick: () => { value = key; paint(); changed(); },
    }, h("span.dot"), h("span", null, words, hint ? h("small", null, hint) : null))));
  }
  paint();
  return { box, value: () => value };
}

/** A text with its label. */
export function textField(title, { hint = "", value = "", rows = 3, most = 500, changed = () => {} } = {}) {
  const input = h("textarea.text", { rows, maxlength: most, placeholder: hint, "aria-label": title, oninput: () => changed() });
  input.value = value;
  return { box: h("section.field", null, h("h2", null, title), input), value: () => input.value.trim() };
}

/** A switch with its words; `changed` hears the new state. */
export function switchField(words, on, changed) {
  const box = h("button.switch", { type: "button", role: "switch", "aria-checked": String(on), onclick: () => {
    on = !on;
    box.setAttribute("aria-checked", String(on));
    changed(on);
  } }, h("span", null, words), h("span.knob"));
  return box;
}

/** A photo full size, over everything. */
export function look(url, words) {
  return sheet(words, () => h("img.full", { src: url, alt: words }));
}
