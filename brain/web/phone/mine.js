// 我的: who I am, what waits on this phone, what I reported, big letters, leaving.

import { call, get } from "./api.js";
import { ask, h, show, toast } from "./dom.js";
import { switchField } from "./fields.js";
import { address, title } from "./drafts.js";
import * as keep from "./keep.js";
import * as queue from "./queue.js";
import * as store from "./store.js";
import { over, state } from "./state.js";
import { conflict } from "./verbs.js";
import { editAgain } from "./report.js";
import { moment } from "./words.js";

/** 长辈: everything a quarter larger; kept on the phone. */
export function letters(big) {
  if (big !== undefined) localStorage.setItem("elder", big ? "1" : "");
  document.documentElement.classList.toggle("elder", localStorage.getItem("elder") === "1");
}

const row = (label, value) => [h("dt", null, label), h("dd", null, value)];

function begun() {
  if (!state.drafts.length) return null;
  return h("section", null, h("h2.part", null, "没交的"), h("div.list", null, state.drafts.map((row) => h("a.item", { href: address(row) },
    h("span", null, title(row), h("small", null, [moment(row.at), row.photos.length ? `${row.photos.length} 张照片` : null, "存在这台手机里"].filter(Boolean).join(" · ")))))));
}

const mb = (bytes) => `${Math.max(0.1, bytes / 2 ** 20).toFixed(1)} MB`;

function space(said) {
  if (!said) return "这个浏览器不说能存多少。";
  return `已用 ${mb(said.used)}，最多约 ${mb(said.quota)}；${said.kept ? "浏览器答应不自动清除。" : "浏览器没有答应不清除：空间紧张时可能清掉，请尽快联网发送。"}`;
}

function waits() {
  if (!state.pending.length) return h("p.quiet", null, "没有等待上传的内容。");
  return h("div.list", null, state.pending.map((i) => h("button.item", { type: "button", onclick: () => (i.state === "conflict" ? conflict(i, editAgain) : queue.flush()) },
    h("span", null, `${i.words}：${i.title}`, h("small", null, i.state === "conflict" ? `没有记上：${i.error}` : [moment(i.at), i.photos.length ? `${i.photos.length} 张照片 ${(i.bytes / 2 ** 20).toFixed(1)} MB` : null, i.why ? `没有发出：${i.why}` : "等待上传"].filter(Boolean).join(" · "))))));
}

async function leave() {
  if (state.pending.length && !await ask("还有没传完的", `有 ${state.pending.length} 件还在手机里。退出后它们会留着，您再次登录时发送。`, "仍要退出")) return;
  try {
    await call("POST", "/logout", { json: {} });
  } catch (fail) {
    if (fail.status === undefined) throw fail;
    if (fail.offline) { toast("离线，不能退出登录；联网后再退", "bad"); return; }
  }
  await over();
  location.replace("/login?next=/m/");
}

export async function mineView(view) {
  const { me } = state;
  const elder = switchField("长辈大字", document.documentElement.classList.contains("elder"), letters);
  const left = h("span");
  keep.room().then((said) => { left.textContent = space(said); });
  const reports = h("div", null, h("p.quiet", null, "正在取…"));
  show(view,
    h("section.card.still", null, h("h2", null, me.name), h("dl.facts.bare", null,
      row("岗位", me.role_words), me.org ? row("单位", me.org.name) : null, me.grid ? row("网格", me.grid.words) : null, row("账号", me.login)), h("p.quiet", null, "退出登录后，任务和消息从这台手机上清除；没写完的草稿和没传完的内容留着（没有加密，请锁好手机），等您再次登录。")),
    begun(),
    h("section", null, h("h2.part", null, "等待上传"), waits(),
      state.others ? h("p.quiet", null, `这台手机上还有别人没传完的 ${state.others} 件，请他登录后发送。`) : null,
      h("p.quiet", null, "关着页面不会发送。", left)),
    h("section", null, h("h2.part", null, "显示"), elder),
    h("section", null, h("h2.part", null, "我上报的"), reports),
    h("div.row", null, h("button.big.second", { type: "button", onclick: leave }, "退出登录")));
  try {
    const got = await get("/api/v1/events?mine=reported&size=20");
    await store.remember("mine", got);
    list(got);
  } catch (fail) {
    if (fail.status === undefined) throw fail;
    list(await store.get("mine"));
  }
  function list(got) {
    if (!got?.events.length) { show(reports, h("p.quiet", null, "还没有上报过。")); return; }
    show(reports, h("div.list", null, got.events.map((e) => h("a.item", { href: `#/e/${e.id}` }, h("span", null, e.title, h("small", null, `${e.state_words} · ${moment(e.reported_at)}`))))));
  }
}
