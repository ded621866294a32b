// 上报: photo first, place by itself, a category by one tap, send. What is typed survives a killed page.

import { call, get } from "./api.js";
import { h, sheet, show } from "./dom.js";
import { choiceField, photoField, placeField, switchField, textField } from "./fields.js";
import * as queue from "./queue.js";
import * as store from "./store.js";
import { state } from "./state.js";
import { settled } from "./verbs.js";
import { distance } from "./words.js";

const RECENT = 4, CHIPS = 8;

/** The dictionary: common ones first; the phone's copy while there is no network. */
export async function dictionary() {
  try {
    const fresh = await get("/api/v1/categories");
    await store.put("categories", fresh);
    return fresh.categories;
  } catch (fail) {
    if (fail.status === undefined) throw fail;
    return (await store.get("categories"))?.categories || [];
  }
}

const finds = (c, words) => words.every((w) => `${c.name}${c.group}${c.key}`.toLowerCase().includes(w));

/** The whole dictionary with a search line. */
function choose(all) {
  return sheet("选择类别", (close) => {
    const list = h("div.list.tall");
    const paint = (text) => {
      if (!all.length) return show(list, h("p.quiet", null, "类别表还没有存到这台手机上；联网后会自动下载，再打开这里就能选。已拍的照片和写的文字都留着。"));
      const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const hits = all.filter((c) => finds(c, words)).slice(0, 60);
      show(list, hits.length ? hits.map((c) => h("button.item", { type: "button", onclick: () => close(c) },
        h("span", null, c.name, h("small", null, `${c.group} · ${c.limit}`)))) : h("p.quiet", null, "没有这样的类别，换一个字试试，例如“井盖”“垃圾”“积水”"));
    };
    paint("");
    return [h("input.text", { type: "search", placeholder: "搜类别：井盖、垃圾、占道…", "aria-label": "搜类别", oninput: (e) => paint(e.target.value) }), list];
  });
}

/** Two reports of one trouble: he may still send, or leave it with the first. */
function alreadyThere(rows, foreign) {
  const others = foreign.count ? `${foreign.within_m} 米内有 ${foreign.count} 件同类事件，不归您办理。` : "";
  return sheet("附近已有同类事件", (close) => [
    h("p", null, rows.length ? "24 小时内有人报过，可能是同一件事：" : `24 小时内有人报过，可能是同一件事：${others}`),
    rows.length && others ? h("p.quiet", null, `另外，${others}`) : null,
    h("div.list", null, rows.map((r) => h("div.item", null, h("span", null, r.title, h("small", null, `${r.id} · 相距 ${distance(r.metres)} · ${r.state_words} · ${r.reported_words}`))))),
    h("div.row", null,
      h("button.big", { type: "button", onclick: () => close("stop") }, "同一件，不报了"),
      h("button.big.second", { type: "button", onclick: () => close("send") }, "不是，照样上报")),
  ]);
}

export async function reportView(view, leave) {
  const draft = (await store.get("draft")) || {};
  let category = draft.category || null, all = [];
  const pictures = (await store.get("draft_photos")) || {};
  // Photos apart from words: a draft is written at every key, and pictures are large.
  const changed = () => { store.put("draft", { condition: outcome.value(), category, description: text.value(), ...spot.draft() }); ready(); };
  const shot = () => { store.put("draft_photos", { photos: photos.rows, result: result.rows }); ready(); };

  const photos = photoField({ phase: "report", rows: pictures.photos || [], album: true, hint: "一张远景、一张近景", changed: shot });
  const spot = placeField({ draft, changed });
  const chips = h("div.chips");
  const kinds = h("section.field", null, h("h2", null, "类别"), chips);
  const text = textField("描述", { hint: "看到了什么（可不填）", value: draft.description || "", rows: 2, changed });
  // 自行处置: a worker who mended it himself hands in the result in the same visit, and the event is closed with it.
  let mended = false;
  const result = photoField({ phase: "answer", title: "处理后的照片", rows: pictures.result || [], changed: shot });
  const outcome = choiceField("结果", state.me.lists.close_conditions.map((words) => [words, words]), { value: draft.condition || null, changed });
  const extra = h("div.extra", { hidden: true }, result.box, outcome.box);
  const self = state.me.role === "worker" ? switchField("当场已处理好（自行处置）", false, (on) => { mended = on; extra.hidden = !on; ready(); }) : null;
  const why = h("p.quiet.why");
  const go = h("button.big", { type: "button" }, "提交上报");
  const old = Boolean(draft.category || draft.description || photos.rows.length);

  async function paintChips() {
    const recent = (await store.get("recent")) || [];
    const first = [...recent.map((key) => all.find((c) => c.key === key)).filter(Boolean).slice(0, RECENT), ...all.filter((c) => c.common && !recent.includes(c.key))].slice(0, CHIPS);
    if (category && !first.some((c) => c.key === category.key)) first.unshift(category);
    show(chips, first.map((c) => h(`button.chip${c.key === category?.key ? ".on" : ""}`, { type: "button", "aria-pressed": String(c.key === category?.key), onclick: () => { category = c; paintChips(); changed(); } }, c.name)),
      h("button.chip.more", { type: "button", onclick: async () => { const got = await choose(all); if (got) { category = got; paintChips(); changed(); } } }, all.length ? `全部 ${all.length} 类` : "全部类别"));
  }

  function missing() {
    if (!photos.rows.length) return "请先拍一张照片";
    if (!spot.value()) return "还没有位置：等定位，或在地图上选";
    if (spot.outside()) return "这个点不在辖区内，请在地图上改";
    if (!category) return "请选类别";
    if (mended && !result.rows.length) return "请拍处理后的照片";
    if (mended && !outcome.value()) return "请选结果";
    return "";
  }
  function ready() {
    why.textContent = missing();
    go.disabled = Boolean(missing());
  }

  go.addEventListener("click", async () => {
    go.disabled = true;
    go.textContent = "正在提交…";
    const at = spot.value();
    const json = { category: category.key, title: category.name, description: text.value(), address: at.address, lng: at.lng, lat: at.lat, crs: "wgs84" };
    if (mended) Object.assign(json, { photos: photos.rows.map((p) => p.id), self_handled: { photos: result.rows.map((p) => p.id), condition: outcome.value() } });
    try {
      const near = await call("GET", `/api/v1/events/near?category=${encodeURIComponent(category.key)}&lng=${at.lng}&lat=${at.lat}`, { seconds: 6 });
      if (near.events.length || near.foreign.count) {
        const how = await alreadyThere(near.events, near.foreign);
        if (how === "stop") { await finish(false); return; }
        if (how !== "send") { go.textContent = "提交上报"; ready(); return; }
      }
    } catch (fail) {
      if (!fail.offline && fail.status !== 401) throw fail; // offline: the desk proposes it again before 立案
    }
    const key = await queue.enqueue({ path: "/api/v1/events", verb: "report", words: "上报", title: category.name, json, photos: [...photos.rows, ...(mended ? result.rows : [])] });
    const recent = ((await store.get("recent")) || []).filter((k) => k !== category.key);
    await store.put("recent", [category.key, ...recent].slice(0, RECENT));
    await finish(true, key);
  });

  async function finish(sent, key) {
    close();
    await store.drop("draft", "draft_photos");
    leave();
    if (sent) await settled(key, "已上报");
  }
  const close = () => spot.close();
  show(view, old ? h("p.hint", null, "接着上次没写完的上报。 ", h("button.link", { type: "button", onclick: async () => { close(); await store.drop("draft", "draft_photos"); await reportView(view, leave); } }, "清空重来")) : null,
    photos.box, spot.box, kinds, text.box, self, extra, h("div.foot", null, why, go));
  ready();
  paintChips();
  dictionary().then((rows) => { all = rows; paintChips(); });
  return close;
}

/** Put a refused report back into the form. */
export async function editAgain(item) {
  const rows = (await Promise.all(item.photos.map((id) => store.photo(id)))).filter(Boolean);
  const all = (await store.get("categories"))?.categories || [];
  await store.put("draft_photos", { photos: rows.filter((p) => p.phase === "report"), result: rows.filter((p) => p.phase === "answer") });
  await store.put("draft", {
    category: all.find((c) => c.key === item.json.category) || null,
    description: item.json.description, address: item.json.address, picked: { lng: item.json.lng, lat: item.json.lat, acc: 0 }, condition: item.json.self_handled?.condition,
  });
  await store.remove(item);
  queue.changes.dispatchEvent(new Event("change"));
  if (location.hash === "#/report") location.hash = "#/tasks";
  location.hash = "#/report";
}
