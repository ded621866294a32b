// What the page knows now: who, his tasks, his notices, what waits. Views read it and listen to `change`.

import { get, call } from "./api.js";
import { mark } from "./keep.js";
import * as queue from "./queue.js";
import * as store from "./store.js";

export const state = {
  me: null, tasks: [], tasksAt: null, notices: [], unread: 0, warnings: [],
  pending: [], others: 0, drafts: [], photos: 0, online: navigator.onLine, why: "", login: false,
};
export const changes = new EventTarget();
export const changed = () => changes.dispatchEvent(new Event("change"));

/** The number of whoever is logged in on this phone, as the server told it with the session; "" when nobody is. */
const whose = () => document.cookie.match(/(?:^|; )brain_person=(\d+)/)?.[1] || "";

/** What was on the screen last time, so that the page opens without a network: for the person whose phone it is, nobody else. */
export async function remembered() {
  const [me, tasks, notices, warnings] = await Promise.all(["me", "tasks", "notices", "warnings"].map(store.get));
  if (!me || whose() !== String(me.id)) return;
  queue.belongsTo(me.id);
  Object.assign(state, { me, tasks: tasks?.tasks || [], tasksAt: tasks?.now || null, notices: notices?.notices || [], unread: notices?.unread || 0, warnings: warnings?.warnings || [] });
  await counted();
}

/** Who is logged in. Another person than last time gets nothing of the one before, whose drafts and acts wait for himself. */
export async function identify() {
  const me = await get("/api/v1/me");
  const before = await store.get("me");
  if (before && before.id !== me.id) {
    await store.forgetLists();
    Object.assign(state, { tasks: [], tasksAt: null, notices: [], unread: 0 });
  }
  state.me = me;
  state.login = false;
  queue.belongsTo(me.id);
  await store.remember("me", me);
  await counted();
}

/** The session is over: what the server gave is forgotten. What the person wrote himself stays, under his name: drafts and what
 *  waits to be sent. (Kept as they are: the phone's own lock is their protection, and 我的 says so.) */
export async function over() {
  state.login = true;
  document.cookie = "brain_person=; path=/m; max-age=0";
  Object.assign(state, { tasks: [], tasksAt: null, notices: [], unread: 0 });
  await store.forgetLists();
}

/** Fetch the lists; what fails leaves the old ones standing. */
export async function refresh() {
  try {
    if (!state.me || state.login) await identify();
    const [tasks, notices, warnings] = await Promise.all(["tasks", "me/notices", "warnings"].map((what) => get(`/api/v1/${what}`)));
    Object.assign(state, { tasks: tasks.tasks, tasksAt: tasks.now, notices: notices.notices, unread: notices.unread, warnings: warnings.warnings, online: true });
    await Promise.all([store.remember("tasks", tasks), store.remember("notices", notices), store.remember("warnings", warnings)]);
  } catch (fail) {
    if (fail.login) await over();
    else if (fail.status === undefined) throw fail;
    else if (fail.offline) state.online = false;
  }
  changed();
}

async function refreshWho() {
  await identify();
  await refresh();
}

export async function read(ids) {
  await call("POST", "/api/v1/me/notices/read", { json: { ids } });
  await refresh();
}

/** Count the outbox anew. */
export async function counted() {
  const { mine, others } = await queue.waiting();
  const drafts = await store.drafts();
  const own = drafts.filter((row) => row.person === state.me?.id);
  Object.assign(state, { pending: mine, others: others.length + drafts.length - own.length, drafts: own, photos: mine.reduce((n, i) => n + i.photos.length, 0) });
  mark(mine.length + others.length + drafts.length);
  changed();
}

const NONE = { order: [], next: [], beside: {}, forms: {}, leads: {} };
/** What may be done here and what it leads to, as the server told it last; nothing while it has not. */
export const acts = () => state.me?.acts || NONE;

/** A task with the waiting actions of this phone laid over it, as far as the phone may guess before the server has answered. */
export function foreseen(task) {
  const waits = state.pending.filter((i) => i.event === task.id);
  if (!waits.length) return task;
  const seen = { ...task, waits };
  for (const item of waits) {
    const lead = acts().leads[item.verb];
    if (!lead || item.state === "conflict") continue;
    if (lead.stamp) seen[lead.stamp] = true;
    if (lead.done) Object.assign(seen, { done: lead.words, verbs: [] });
    else if (lead.state) Object.assign(seen, { state: lead.state, state_words: lead.words, verbs: lead.verbs });
  }
  return seen;
}

queue.changes.addEventListener("change", counted);
queue.changes.addEventListener("who", refreshWho);
queue.changes.addEventListener("login", async () => { await over(); changed(); });
queue.changes.addEventListener("offline", ({ detail }) => { state.online = false; state.why = detail.ours ? "" : detail.message; changed(); });
