/* The report in the browser: choose a month, print, and the cases behind a number. Which number is opened stands in the
   address (#e/query), so that it can be sent to somebody; the list comes from the API, which knows what the reader may see. */
(function () {
  "use strict";
  const keep = () => window.dash_clientside.no_update;
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.report = {
    go: (period, key) => (!period || (key && key.period === period) ? keep() : "/report?m=" + period),
    print: () => { window.print(); return keep(); },
    grid: (click) => {
      const point = click && click.points && click.points[0];
      if (point && point.customdata) location.hash = "#e/" + point.customdata;
      return keep();
    },
  };

  function make(tag, words, name) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    for (const part of [].concat(words === undefined ? [] : words)) if (part) node.append(part);
    return node;
  }
  const close = () => { const a = make("a", "关闭", "close"); a.href = "#"; return a; };
  const head = (title, says) => make("header", [make("h2", title), make("span", says), close()]);

  function table(rows) {
    const heads = ["案卷编号", "事项", "镇街 · 承办", "上报", "期限", "反馈", "状态"];
    const body = rows.map((r) => make("tr", [
      make("td", r.id), make("td", [r.title, r.late ? make("em", "超期", "missed") : null]), make("td", r.who), make("td", r.reported_at),
      make("td", r.due_at), make("td", r.answered_at), make("td", [r.state, r.simulated ? make("em", "模拟") : null]),
    ]));
    const all = make("table", [make("thead", make("tr", heads.map((h) => make("th", h)))), make("tbody", body)]);
    return make("div", all, "table");
  }

  let asked = 0;
  async function show() {
    const page = document.getElementById("report"), drawer = document.getElementById("report-drawer");
    if (!page || !drawer) return;
    const turn = ++asked, open = location.hash.startsWith("#e/");
    drawer.hidden = !open;
    if (!open) return drawer.replaceChildren();
    drawer.replaceChildren(head("依据案卷", "正在查询……"));
    const query = new URLSearchParams({ e: decodeURIComponent(location.hash.slice(3)) });
    if (page.dataset.version) query.set("version", page.dataset.version); else query.set("cut", page.dataset.cut);
    let parts;
    try {
      const answer = await fetch("/api/v1/report/" + page.dataset.period + "/cases?" + query, { headers: { "X-Brain": "1" } });
      if (answer.status === 401) { location.reload(); return; }
      const found = await answer.json();
      if (!answer.ok) parts = [head("依据案卷", found.error || "查不到")];
      else parts = [head(found.title, found.says), found.words.length ? table(found.words) : make("p", "没有可见的案卷。"), make("p", found.note, "note")];
    } catch {
      parts = [head("依据案卷", "查询没有成功，请检查网络后再点一次")];
    }
    if (turn === asked) { drawer.replaceChildren(...parts); drawer.scrollTop = 0; }
  }

  window.addEventListener("hashchange", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.getElementById("report") && location.hash.startsWith("#e/")) location.hash = "";
  });
  // The page is laid out by Dash after this script has run; an address with a query opens its list then.
  const laid = new MutationObserver(() => {
    if (!document.getElementById("report-drawer")) return;
    laid.disconnect();
    if (location.hash.startsWith("#e/")) show();
    else if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  });
  if (location.pathname === "/report") laid.observe(document.documentElement, { childList: true, subtree: true });
})();
