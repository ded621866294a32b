// 上报: photo first, place by itself, a category by one tap, send. What is asked comes from the server (`acts` of /api/v1/me), as
// with every other verb; what is typed survives a killed page.

import { call, get } from "./api.js";
import { h, sheet, show } from "./dom.js";
import { choiceField, photoField, placeField, switchField, textField } from "./fields.js";
import { begun, draftOf, toldFull } from "./drafts.js";
import * as queue from "./queue.js";
import * as store from "./store.js";
import { acts, counted } from "./state.js";
import { settled } from "./verbs.js";
import { distance } from "./words.js";

const RECENT = 4, CHIPS = 8;

/** The dictionary: common ones first; the phone's copy while there is no network. */
export async function dictionary() {
  try {
    const fresh = await get("/api/v1/categories");
    await store.remember("categories", fresh);
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

/** The category: chips of the usual ones, the whole dictionary behind the last. */
function categoryField(title, { value = null, changed }) {
  let all = [];
  const chips = h("div.chips");
  const pickOne = (c) => { value = c; paint(); changed(); };
  async function paint() {
    const recent = (await store.get("recent")) || [];
    const first = [...recent.map((key) => all.find((c) => c.key === key)).filter(Boolean).slice(0, RECENT), ...all.filter((c) => c.common && !recent.includes(c.key))].slice(0, CHIPS);
    if (value && !first.some((c) => c.key === value.key)) first.unshift(value);
    show(chips, first.map((c) => h(`button.chip${c.key === value?.key ? ".on" : ""}`, { type: "button", "aria-pressed": String(c.key === value?.key), onclick: () => pickOne(c) }, c.name)),
      h("button.chip.more", { type: "button", onclick: async () => { const got = await choose(all); if (got) pickOne(got); } }, all.length ? `全部 ${all.length} 类` : "全部类别"));
  }
  paint();
  dictionary().then((rows) => { all = rows; paint(); });
  return { box: h("section.field", null, h("h2", null, title), chips), value: () => value };
}

const must = (field) => field.required || field.wanted;
const lacking = (field, there, words) => (must(field) && !there ? words : "");

// One drawer a kind of field (`acts.forms.report` of /api/v1/me): gives {box, rows?, close?}, `lacks()` (why it cannot be sent yet, or
// ""), `fill(json)` and `draft()` (what of it survives a killed page). `on`: {draft, pictures, changed, shot, form}.
const DRAW = {
  photos: (field, on) => {
    const part = photoField({ phase: field.phase, title: field.label, hint: field.hint, album: field.phase === "report", rows: on.pictures[field.phase] || [], changed: on.shot });
    return { ...part, lacks: () => lacking(field, part.rows.length, field.phase === "report" ? "请先拍一张照片" : `请拍${field.label}`), fill: () => {}, draft: () => ({}) };
  },
  place: (field, on) => {
    const part = placeField({ title: field.label, words: on.form.fields.find((f) => f.key === "address"), draft: on.draft, changed: on.changed });
    return { ...part, lacks: () => lacking(field, part.value(), "还没有位置：等定位，或在地图上选") || (part.outside() ? "这个点不在辖区内，请在地图上改" : ""),
      fill: (json) => Object.assign(json, part.value(), { crs: "wgs84" }) };
  },
  category: (field, on) => {
    const part = categoryField(field.label, { value: on.draft.category || null, changed: on.changed });
    return { ...part, lacks: () => lacking(field, part.value(), `请选${field.label}`), fill: (json) => { json.category = part.value().key; json.title ||= part.value().name; },
      draft: () => ({ category: part.value() }) };
  },
  condition: (field, on) => {
    const part = choiceField(field.label, field.choices.map((c) => [c.value, c.label, c.hint]), { value: on.draft[field.key] || null, changed: on.changed });
    return { ...part, lacks: () => lacking(field, part.value(), `请选${field.label}`), fill: (json) => { json[field.key] = part.value(); }, draft: () => ({ [field.key]: part.value() }) };
  },
  text: (field, on) => {
    const part = textField(field.label, { hint: field.hint, most: field.most, value: on.draft[field.key] || "", rows: 2, changed: on.changed });
    return { ...part, lacks: () => (must(field) && part.value().length < field.least ? `请写${field.label}` : ""),
      fill: (json) => { if (field.key !== "title" || part.value()) json[field.key] = part.value(); }, draft: () => ({ [field.key]: part.value() }) };
  },
};
const drawerOf = (field) => DRAW[field.key === "category" ? "category" : field.kind];
/** The fields of a form as parts; the words of the place stand in the place's own part. */
const drawn = (form, on, wanted = () => true) => form.fields.filter((f) => f.key !== "address" && wanted(f) && drawerOf(f)).map((f) => ({ key: f.key, ...drawerOf(f)(f, { ...on, form }) }));

export async function reportView(view, leave, slot = "") {
  const form = acts().forms.report, mending = acts().forms.self_handle;
  if (!form) { // remembered from before the server told how a report is asked
    show(view, h("p.hint", null, "这里还不能上报：表单没有存到这台手机上（联网后再打开），或您的角色不上报。"));
    return () => {};
  }
  await counted();
  const slots = begun();
  const kept = await draftOf(form.verb, null, slot || slots[0] || queue.uuid());
  const draft = kept.row.values, of = (phase) => kept.pictures.filter((row) => row.phase === phase);
  const changed = () => { if (go) { kept.save(Object.assign({ mended }, ...everything().map((part) => part.draft()))); ready(); } };
  const shot = () => { kept.shoot([...(part("photos")?.rows || []), ...(result("photos")?.rows || [])]); ready(); };
  const on = { draft, pictures: { report: of("report"), answer: of("answer") }, changed, shot };

  let go = null;
  const parts = drawn(form, on);
  // 自行处置: a worker who mended it himself hands in the result in the same visit, and the event is closed with it.
  let mended = Boolean(mending && draft.mended);
  const results = mending ? drawn(mending, on, (f) => must(f) && f.kind !== "place") : [];
  const part = (key) => parts.find((p) => p.key === key), result = (key) => results.find((p) => p.key === key);
  const everything = () => [...parts, ...results];
  const extra = h("div.extra", { hidden: !mended }, results.map((p) => p.box));
  const self = mending ? switchField(`当场已处理好（${mending.label}）`, mended, (now) => { mended = now; extra.hidden = !now; changed(); }) : null;
  const why = h("p.quiet.why");
  const say = `提交${form.label}`;
  go = h("button.big", { type: "button" }, say);
  const old = Boolean(draft.category || draft.description || kept.pictures.length);

  const missing = () => [...parts, ...(mended ? results : [])].map((p) => p.lacks()).find(Boolean) || "";
  function ready() {
    why.textContent = missing();
    go.disabled = Boolean(missing());
  }

  go.addEventListener("click", async () => {
    go.disabled = true;
    go.textContent = "正在提交…";
    const json = {}, chosen = part("category").value();
    for (const one of parts) one.fill(json);
    const before = part("photos")?.rows || [], after = mended ? result("photos").rows : [];
    if (mended) {
      Object.assign(json, { photos: before.map((p) => p.id), self_handled: { photos: after.map((p) => p.id) } });
      for (const one of results) one.fill(json.self_handled);
    }
    try {
      const near = await call("GET", `/api/v1/events/near?category=${encodeURIComponent(json.category)}&lng=${json.lng}&lat=${json.lat}`, { seconds: 6 });
      if (near.events.length || near.foreign.count) {
        const how = await alreadyThere(near.events, near.foreign);
        if (how === "stop") { await finish(false); return; }
        if (how !== "send") { go.textContent = say; ready(); return; }
      }
    } catch (fail) {
      if (fail.verdict !== false) throw fail; // offline: the desk proposes it again before 立案
    }
    await kept.kept();
    kept.end();
    let key;
    try {
      key = await queue.enqueue({ path: "/api/v1/events", verb: form.verb, words: form.label, title: json.title, json, photos: [...before, ...after], draft: kept.id });
    } catch (err) {
      toldFull(err);
      go.textContent = say;
      ready();
      return;
    }
    const recent = ((await store.get("recent")) || []).filter((k) => k !== chosen.key);
    await store.put("recent", [chosen.key, ...recent].slice(0, RECENT));
    await finish(true, key);
  });

  async function finish(sent, key) {
    close();
    if (!sent) await kept.drop();
    leave();
    if (sent) await settled(key, `已${form.label}`);
  }
  const close = () => everything().forEach((p) => p.close?.());
  show(view, old ? h("p.hint", null, "接着上次没写完的上报。 ", h("button.link", { type: "button", onclick: async () => { close(); await kept.drop(); await reportView(view, leave, queue.uuid()); } }, "清空重来"), " ", h("button.link", { type: "button", onclick: () => { location.hash = `#/report/${queue.uuid()}`; } }, "另起一份"),
    slots.length > 1 ? ` 共有 ${slots.length} 份没交，其余的在“我的”里。` : null) : null,
    parts.map((p) => p.box), self, extra, h("div.foot", null, why, go));
  ready();
  return close;
}

/** Put a refused report back into the form. */
export async function editAgain(item) {
  const rows = (await Promise.all(item.photos.map((id) => store.photo(id)))).filter(Boolean);
  const all = (await store.get("categories"))?.categories || [];
  const slot = queue.uuid();
  await store.reopen(item, {
    id: `${item.person}/report/${slot}`, person: item.person, verb: "report", event: null, title: item.title, at: item.at, photos: rows.map((row) => row.id),
    values: {
      category: all.find((c) => c.key === item.json.category) || null, mended: Boolean(item.json.self_handled),
      title: item.json.title, description: item.json.description, address: item.json.address, picked: { lng: item.json.lng, lat: item.json.lat, acc: 0 }, condition: item.json.self_handled?.condition,
    },
  });
  queue.changes.dispatchEvent(new Event("change"));
  location.hash = `#/report/${slot}`;
}
