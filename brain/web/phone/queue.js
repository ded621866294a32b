// The outbox. Every action, on line or not, is first written to the phone, then sent; it leaves the phone only with the
// server's receipt. Order is kept; sending twice is harmless because each action and each photo carries its own key.

import { call, Fail } from "./api.js";
import * as store from "./store.js";
import { moment } from "./words.js";

export const changes = new EventTarget();
const tell = (name, detail) => changes.dispatchEvent(new CustomEvent(name, { detail }));

let person = null;
let running = null, again = false, pause = 0, timer = 0;

/** A random UUID, also where the page is not served over HTTPS. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 15) | 64;
  b[8] = (b[8] & 63) | 128;
  const s = [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
  return [s.slice(0, 8), s.slice(8, 12), s.slice(12, 16), s.slice(16, 20), s.slice(20)].join("-");
}

export function belongsTo(id) { person = id; }

/** What waits, oldest first; `mine` leaves out what another person left on this phone. */
export async function waiting() {
  const rows = await store.outbox();
  return { mine: rows.filter((r) => r.person === person), others: rows.filter((r) => r.person !== person) };
}

/** Put an action into the outbox. `photos`: rows from photo.js; `draft`: the id of the draft it was. Returns its key; throws where the
 *  phone has no room, and then the draft stands as it was. */
export async function enqueue({ path, event = null, verb, words, title, json, photos = [], draft = null }) {
  const key = uuid();
  const item = { key, person, at: new Date().toISOString(), path, event, verb, words, title, json, photos: photos.map((p) => p.id), state: "waiting", error: "", bytes: photos.reduce((n, p) => n + p.blob.size, 0) };
  await store.add(item, photos.map((p) => ({ ...p, sent: p.sent || false })), draft);
  tell("change");
  return key;
}

/** Send what waits. Calls while it runs are folded into one more round. */
export function flush() {
  again = true;
  if (!running) running = rounds().finally(() => { running = null; });
  return running;
}

async function rounds() {
  clearTimeout(timer);
  while (again) {
    again = false;
    // Why a lock: two open pages of one phone must not send the same action side by side.
    const done = await (navigator.locks ? navigator.locks.request("brain-outbox", round) : round());
    if (done) pause = 0;
    else {
      pause = Math.min(60, pause ? pause * 2 : 4);
      timer = setTimeout(flush, pause * 1000);
      return;
    }
  }
}

/** One pass; false when the network failed and the rest must wait. */
async function round() {
  const { mine } = await waiting();
  const held = new Set(mine.filter((i) => i.state === "conflict" && i.event).map((i) => i.event));
  for (const item of mine) {
    if (item.state === "conflict" || (item.event && held.has(item.event))) continue;
    try {
      await send(item);
    } catch (fail) {
      if (fail.status === undefined) throw fail;
      if (fail.login) { tell("login"); return true; }
      if (fail.code === "person") { tell("who"); return true; } // somebody else has logged in meanwhile: it waits for its own person
      if (fail.offline) {
        if (item.why !== fail.message) await store.update({ ...item, why: fail.message });
        tell("offline", fail);
        tell("change");
        return false;
      }
      await store.update({ ...item, state: "conflict", error: fail.message, code: fail.code });
      if (item.event) held.add(item.event);
      tell("conflict", { ...item, error: fail.message, code: fail.code });
      tell("change");
    }
  }
  return true;
}

async function send(item) {
  for (const id of item.photos) {
    const row = await store.photo(id);
    if (!row) throw new Fail(410, "有一张照片已不在手机里（浏览器清掉了存的内容），请重新拍", { code: "photo_gone" });
    if (row.sent) continue;
    const form = new FormData();
    for (const name of ["id", "sha256", "phase", "taken_at"]) form.append(name, row[name]);
    if (row.lng !== undefined) { form.append("lng", row.lng); form.append("lat", row.lat); }
    if (item.event) form.append("event", item.event);
    form.append("file", row.blob, `${id}.jpg`);
    const receipt = await call("POST", "/api/v1/photos", { form, person: item.person, seconds: 120 });
    if (receipt.id !== id || receipt.sha256 !== row.sha256) throw new Fail(0, "照片的回执不对");
    await store.keepPhoto({ ...row, sent: true });
  }
  const answer = await call("POST", item.path, { json: { photos: item.photos, ...item.json }, key: item.key, person: item.person, seconds: 40 });
  if (answer.receipt !== item.key) throw new Fail(0, "回执不对");
  await store.remove(item);
  tell("sent", { item, answer });
  tell("change");
}

/** Settle a conflict: keep it as a note on the event, try again, or give it up. */
export async function settle(item, how) {
  if (how === "discard") await store.remove(item);
  if (how === "again") await store.update({ ...item, state: "waiting", error: "" });
  if (how === "note") {
    const said = [item.json.reason, item.json.note].filter(Boolean).join("；");
    const when = moment(item.at);
    await store.update({
      ...item, why: "", key: uuid(), verb: "note", path: `/api/v1/events/${item.event}/note`, state: "waiting", error: "",
      json: { note: `（${when} ${item.words}，当时没有记上）${said}` },
    });
  }
  tell("change");
  if (how !== "discard") await flush();
}
