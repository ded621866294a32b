// What is begun and not handed in: one draft an act and case, on the phone from its first photo or word on. Android may end the page
// behind the camera at any moment; what was there before is there again.

import { toast } from "./dom.js";
import * as store from "./store.js";
import { acts, counted, state } from "./state.js";

const FULL = "手机存满了，刚才的没有存下。请先发送等待上传的内容，或在手机里清出空间再试；不要离开这一页。";

/** Say why something could not be kept; true when it was the room that lacked. */
export function toldFull(err) {
  const full = err?.name === "QuotaExceededError";
  toast(full ? FULL : `没有存到手机里（${err?.message || err}），请不要离开这一页`, "bad");
  return full;
}

/** Where a draft is taken up again. */
export const address = (row) => (row.event ? `#/do/${row.event}/${row.verb}` : `#/report/${row.id.split("/")[2]}`);

/** A draft in words: “处置反馈：井盖破损”. */
export const title = (row) => [acts().forms[row.verb]?.label || (row.event ? "" : "上报"), row.title].filter(Boolean).join("：");

/** The slots of this person's reports that are begun, the newest first. */
export const begun = () => state.drafts.filter((row) => row.verb === "report").sort((a, b) => b.at.localeCompare(a.at)).map((row) => row.id.split("/")[2]);

/** The draft of an act of this person (`slot`: which of several reports): `values` and `pictures` as they were left, `save(values)`, `shoot(rows)` with all pictures there
 *  are now, `drop()`. Saves follow one another; a failed one is said at once. */
export async function draftOf(verb, task = null, slot = "") {
  const id = `${state.me.id}/${verb}/${task?.id || slot}`;
  const found = await store.draft(id);
  const row = found || { id, person: state.me.id, verb, event: task?.id || null, title: task?.title || "", at: new Date().toISOString(), values: {}, photos: [] };
  const pictures = (await Promise.all(row.photos.map(store.photo))).filter(Boolean);
  let last = Promise.resolve(), dropped = false, counts = Boolean(found);
  const write = (added, gone) => {
    last = last.then(async () => {
      if (dropped) return;
      await store.keepDraft({ ...row, at: new Date().toISOString() }, added, gone);
      if (!counts) { counts = true; await counted(); }
    }).catch(toldFull);
    return last;
  };
  return {
    id, row, pictures, old: Boolean(found),
    save(values) { row.values = values; row.title = values.title || row.title; return write([], []); },
    shoot(rows) {
      const before = row.photos, now = rows.map((one) => one.id);
      row.photos = now;
      return write(rows.filter((one) => !before.includes(one.id)), before.filter((one) => !now.includes(one)));
    },
    /** All that was said is written. */
    kept: () => last,
    /** From now on nothing is written: the draft was handed in. */
    end() { dropped = true; },
    async drop() { dropped = true; await last; await store.dropDraft(row); await counted(); },
  };
}
