// That nothing vanishes without a word: asks the browser to keep what is here, notices when it did not, and lets one page at a time write.

import * as store from "./store.js";

const MARK = "brain_kept";

/** Ask that the browser does not clear this page's store when it wants room; false where it promises nothing. */
export async function persist() {
  try {
    return Boolean(await navigator.storage?.persist?.());
  } catch {
    return false;
  }
}

/** {used, quota, kept}: bytes that are used and that there are, and whether the browser has promised to keep them; null where it does not
 *  say. */
export async function room() {
  try {
    const { usage, quota } = await navigator.storage.estimate();
    return { used: usage, quota, kept: await navigator.storage.persisted() };
  } catch {
    return null;
  }
}

/** Note beside the store how many things of people lie in it. Why a cookie: a browser that wants room clears the whole store at once,
 *  and cookies not with it. */
export function mark(things) {
  document.cookie = `${MARK}=${things}; path=/m; max-age=31536000; samesite=strict`;
}

/** How many things were here last time and are gone, the store with them; 0 when all is there. Says so once. */
export async function lost() {
  const things = Number(document.cookie.match(/(?:^|; )brain_kept=(\d+)/)?.[1] || 0);
  const there = await store.get("here");
  if (!there) await store.put("here", true);
  return there ? 0 : things;
}

/** Become the one page that writes: two tabs would work on one draft side by side. Resolves false when another page is it (unless
 *  `anyway`, which takes it over); `taken` is called when another page takes it over from this one. */
export function lease(taken, anyway = false) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request("brain-page", anyway ? { steal: true } : { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise(() => {}) : undefined;
    }).catch(taken);
  });
}
