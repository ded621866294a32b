// What the phone keeps: `kv` (last lists, settings, the draft), `outbox` (actions in order), `photos` (their pictures).

let opening;

function open() {
  opening ||= new Promise((resolve, reject) => {
    const ask = indexedDB.open("brain-field", 1);
    ask.onupgradeneeded = () => {
      ask.result.createObjectStore("kv");
      ask.result.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
      ask.result.createObjectStore("photos", { keyPath: "id" });
    };
    ask.onsuccess = () => resolve(ask.result);
    ask.onerror = () => { opening = null; reject(ask.error); };
  });
  return opening;
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
export const drop = (...keys) => within(["kv"], "readwrite", (kv) => { for (const key of keys) kv.delete(key); });

export const outbox = () => within(["outbox"], "readonly", (box) => box.getAll());
export const photo = (id) => within(["photos"], "readonly", (photos) => photos.get(id));
export const keepPhoto = (row) => within(["photos"], "readwrite", (photos) => photos.put(row));
export const update = (item) => within(["outbox"], "readwrite", (box) => box.put(item));

/** An action and its photos, in one transaction: both are on the phone or neither. */
export const add = (item, photos) => within(["outbox", "photos"], "readwrite", (box, shelf) => {
  for (const row of photos) shelf.put(row);
  return box.add(item);
});

/** Forget an action and its photos. */
export const remove = (item) => within(["outbox", "photos"], "readwrite", (box, shelf) => {
  for (const id of item.photos) shelf.delete(id);
  return box.delete(item.seq);
});

/** Forget a person's lists when he logs out; unsent actions stay until they are sent or given up by hand. */
export const forget = () => within(["kv"], "readwrite", (kv) => {
  for (const key of ["me", "tasks", "notices", "map", "draft", "draft_photos", "mine"]) kv.delete(key);
});

/** Forget what the server gave when the session ends; what the person wrote (draft, outbox) and who he is stay. */
export const forgetLists = () => within(["kv"], "readwrite", (kv) => {
  for (const key of ["tasks", "notices", "map", "mine"]) kv.delete(key);
});
