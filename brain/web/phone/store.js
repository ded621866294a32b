// What the phone keeps: `kv` (last lists, settings), `drafts` (what is begun, one an act and case), `outbox` (acts in order), `photos`
// (their pictures). Drafts and acts carry their person; nobody else sees or sends them.

let opening;

function open() {
  opening ||= new Promise((resolve, reject) => {
    const ask = indexedDB.open("brain-field", 2);
    ask.onupgradeneeded = ({ oldVersion }) => {
      const db = ask.result;
      if (oldVersion < 1) {
        db.createObjectStore("kv");
        db.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
        db.createObjectStore("photos", { keyPath: "id" });
      }
      db.createObjectStore("drafts", { keyPath: "id" });
      if (oldVersion === 1) inherit(ask.transaction);
    };
    ask.onsuccess = () => resolve(ask.result);
    ask.onerror = () => { opening = null; reject(ask.error); };
  });
  return opening;
}

/** The one draft of a report that the first edition kept. */
function inherit(deal) {
  const [kv, drafts, photos] = ["kv", "drafts", "photos"].map((name) => deal.objectStore(name));
  const me = kv.get("me"), words = kv.get("draft"), pictures = kv.get("draft_photos");
  pictures.onsuccess = () => {
    const rows = [...(pictures.result?.photos || []), ...(pictures.result?.result || [])];
    if (!me.result || !(words.result || rows.length)) return;
    for (const row of rows) photos.put(row);
    drafts.put({ id: `${me.result.id}/report/before`, person: me.result.id, verb: "report", event: null, title: words.result?.title || "", at: new Date().toISOString(),
      values: words.result || {}, photos: rows.map((row) => row.id) });
    for (const key of ["draft", "draft_photos"]) kv.delete(key);
  };
}

/** Run `work(store…)` in one transaction; resolves with the result of the request it returns, once committed. */
async function within(names, mode, work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const deal = db.transaction(names, mode, { durability: "strict" });
    const request = work(...names.map((n) => deal.objectStore(n)));
    deal.oncomplete = () => resolve(request?.result);
    deal.onerror = deal.onabort = () => reject(deal.error);
  });
}

export const get = (key) => within(["kv"], "readonly", (kv) => kv.get(key));
export const put = (key, value) => within(["kv"], "readwrite", (kv) => kv.put(value, key));
/** Keep what the server gave and would give again: where there is no room for it, the page goes on without. */
export const remember = (key, value) => put(key, value).catch(() => {});
export const drop = (...keys) => within(["kv"], "readwrite", (kv) => { for (const key of keys) kv.delete(key); });

export const outbox = () => within(["outbox"], "readonly", (box) => box.getAll());
export const photo = (id) => within(["photos"], "readonly", (photos) => photos.get(id));
export const keepPhoto = (row) => within(["photos"], "readwrite", (photos) => photos.put(row));
export const update = (item) => within(["outbox"], "readwrite", (box) => box.put(item));

/** An act with its photos, instead of the draft that it was: in one transaction, so that a kill in between leaves one of them and not
 *  none or both. */
export const add = (item, photos, draft) => within(["outbox", "drafts", "photos"], "readwrite", (box, drafts, shelf) => {
  for (const row of photos) shelf.put(row);
  if (draft) drafts.delete(draft);
  return box.add(item);
});

/** Forget an act and its photos. */
export const remove = (item) => within(["outbox", "photos"], "readwrite", (box, shelf) => {
  for (const id of item.photos) shelf.delete(id);
  return box.delete(item.seq);
});

export const drafts = () => within(["drafts"], "readonly", (all) => all.getAll());
export const draft = (id) => within(["drafts"], "readonly", (all) => all.get(id));

/** Keep a draft as it is now; `added` are pictures just taken, `gone` ids of those thrown away. */
export const keepDraft = (row, added = [], gone = []) => within(["drafts", "photos"], "readwrite", (all, shelf) => {
  for (const one of added) shelf.put(one);
  for (const id of gone) shelf.delete(id);
  return all.put(row);
});

/** An act that was refused becomes a draft again. */
export const reopen = (item, row) => within(["outbox", "drafts"], "readwrite", (box, all) => {
  box.delete(item.seq);
  return all.put(row);
});

/** Throw a draft away with its pictures. */
export const dropDraft = (row) => within(["drafts", "photos"], "readwrite", (all, shelf) => {
  for (const id of row.photos) shelf.delete(id);
  return all.delete(row.id);
});

/** Forget what the server gave: when the session ends, or another person has logged in. What anybody wrote himself (drafts, acts) stays
 *  under his name until he sends it or gives it up by hand. */
export const forgetLists = () => within(["kv"], "readwrite", (kv) => {
  for (const key of ["tasks", "notices", "map", "mine", "warnings"]) kv.delete(key);
});
