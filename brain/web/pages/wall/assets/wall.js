/* The wall in the browser: clock and ages, clicks and keys handed over as one value each, layers, zoom bands, and the watch
   over the live line. No data are asked for here; they come over Dash's socket. */
(function () {
  "use strict";
  const $ = (selector, root) => (root || document).querySelector(selector);
  const $$ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const wall = () => document.getElementById("wall");
  let count = 0;
  const fresh = (data) => Object.assign(data, { n: ++count });

  // Time ---------------------------------------------------------------------------------------------------------------
  const zone = document.documentElement.dataset.zone;
  const dayText = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, month: "long", day: "numeric", weekday: "short" });
  const timeText = new Intl.DateTimeFormat("zh-CN", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  function ago(seconds) {
    if (seconds < 60) return Math.max(0, Math.floor(seconds)) + " 秒前";
    if (seconds < 3600) return Math.floor(seconds / 60) + " 分前";
    if (seconds < 86400) return Math.floor(seconds / 3600) + " 小时前";
    return Math.floor(seconds / 86400) + " 天前";
  }
  let drift = 0; // server's clock minus ours, seconds
  function tick() {
    if (!wall()) return;
    const now = Date.now() / 1000 + drift, there = new Date(now * 1000);
    const time = $("#wall-time"), day = $("#wall-date");
    if (time) time.textContent = timeText.format(there);
    if (day) day.textContent = dayText.format(there);
    for (const node of $$("time.age")) {
      const at = node.dataset.at ? Date.parse(node.dataset.at) / 1000 : NaN;
      const said = isNaN(at) ? "无数据" : ago(now - at);
      if (node.textContent !== said) node.textContent = said;
      const old = isNaN(at) || (node.dataset.limit && now - at > Number(node.dataset.limit));
      const row = node.closest("[data-layer]");
      if (row) row.classList.toggle("stale", Boolean(old));
    }
  }

  // Selection ----------------------------------------------------------------------------------------------------------
  let picked = null;
  let unfolded = false; // 更多 of the card is open: its buttons are drawn anew whenever the event moves, and must not fold under the hand
  function pick(kind, id, lnglat, near) {
    if (picked !== (kind ? kind + ":" + id : null)) unfolded = false;
    picked = kind ? kind + ":" + id : null;
    set("wall-pick", { data: fresh({ kind: kind, id: id }) });
    if (lnglat) fly(lnglat[0], lnglat[1], near ? 13.6 : null);
    markPicked();
  }
  function markPicked() {
    for (const row of $$(".right [data-pick], .warnings [data-pick]")) row.classList.toggle("picked", row.dataset.pick === picked);
  }
  function keepUnfolded() {
    for (const more of $$("#wall-card-acts details")) if (more.open !== unfolded) more.open = unfolded;
  }
  const close = () => pick(null, null);

  // Warnings -----------------------------------------------------------------------------------------------------------
  // One line holds as many as fit, the worst first; the rest are behind the button, which unfolds them below each other.
  let allWarnings = false;
  function foldWarnings() {
    const strip = $("#wall-warnings"), list = $("#wall-warning-rows"), more = $("#wall-warning-more");
    if (!strip || !list || !more) return;
    const rows = Array.from(list.children);
    strip.classList.remove("all");
    more.hidden = true;
    for (const row of rows) row.hidden = false;
    if (list.scrollWidth <= list.clientWidth) { allWarnings = false; return; }
    more.hidden = false;
    more.textContent = "另有 " + (rows.length - 1) + " 条";
    const room = list.getBoundingClientRect().left + list.clientWidth;
    const fit = Math.max(rows.filter((row) => row.getBoundingClientRect().right <= room + 0.5).length, 1);
    if (fit === rows.length) { more.hidden = true; return; } // a single one that is wider than the screen: its words are shortened
    more.setAttribute("aria-expanded", String(allWarnings));
    more.textContent = allWarnings ? "收起" : "另有 " + (rows.length - fit) + " 条";
    strip.classList.toggle("all", allWarnings);
    if (!allWarnings) rows.forEach((row, n) => { row.hidden = n >= fit; });
  }
  let watchedList = null, stripWidth = 0;
  function watchWarnings() {
    const list = $("#wall-warning-rows");
    if (!list || list === watchedList) return;
    watchedList = list;
    new MutationObserver(foldWarnings).observe(list, { childList: true, subtree: true, characterData: true });
    new ResizeObserver((seen) => {
      const width = seen[0].contentRect.width;
      if (width !== stripWidth) { stripWidth = width; foldWarnings(); }
    }).observe(list.parentNode);
    foldWarnings();
  }

  // Map ----------------------------------------------------------------------------------------------------------------
  const graph = () => $("#wall-map .js-plotly-plot");
  function maplibre() {
    const plot = graph();
    return plot && plot._fullLayout && plot._fullLayout.map && plot._fullLayout.map._subplot && plot._fullLayout.map._subplot.map;
  }
  // Moves count as the viewer's own (originalEvent), so plotly keeps them when data change.
  function fly(lng, lat, zoom) {
    const map = maplibre();
    if (!map) return;
    const to = zoom && map.getZoom() < zoom ? zoom : map.getZoom();
    const point = map.project([lng, lat]), box = map.getContainer().getBoundingClientRect();
    const card = $("#wall-card"), side = (card && card.offsetWidth) || 440 * growth(); // it opens in a moment, if it is not open yet
    const seen = point.x > 60 && point.y > 60 && point.x < box.width - side - 80 && point.y < box.height - 60;
    if (seen && to === map.getZoom()) return;
    map.easeTo({ center: [lng, lat], zoom: to, duration: 450, offset: [-side / 2, 0] }, { originalEvent: new Event("brain") });
  }
  let band = null;
  function zoomed() {
    const map = maplibre();
    if (!map) return;
    // On a tall wall everything is drawn larger, so the same crowding comes later.
    const now = Math.min(Math.max(Math.round((map.getZoom() - Math.log2(Math.max(growth(), 1))) * 2) / 2, 8.5), 15);
    if (now === band) return;
    band = now;
    set("wall-view", { data: { zoom: now } });
  }
  function clicked(event) {
    const point = event.points && event.points[event.points.length - 1];
    const said = point && point.customdata;
    if (!said) return;
    if (said[0] === "cluster") fly(said[1], said[2], Math.min(maplibre().getZoom() + 1.6, 15.2));
    else pick(said[0], String(said[1]), null);
  }
  function watchMap() {
    const plot = graph(), map = maplibre();
    if (!map || plot.dataset.watched) return;
    plot.dataset.watched = "1";
    plot.on("plotly_click", clicked);
    map.on("moveend", zoomed);
    map.on("idle", yieldToWords);
    yieldToWords();
    fit(map);
    grow();
    for (const button of $$("[data-layer]:not(.on)")) showBase(button, false);
    wall().dataset.map = "ready";
  }
  // Words beside alerts give way to other alerts only: every other icon leaves the room it stands on free for them.
  function yieldToWords() {
    const map = maplibre(), plot = graph();
    if (!map || !plot) return;
    for (const trace of plot.data) {
      const id = "plotly-trace-layer-" + trace.uid + "-symbol";
      if (trace.uid === "alerts-1" && map.getLayer(id) && !map.getPaintProperty(id, "text-halo-width")) {
        map.setPaintProperty(id, "text-halo-color", getComputedStyle(document.documentElement).getPropertyValue("--page").trim());
        map.setPaintProperty(id, "text-halo-width", 1.6);
      }
      if (trace.uid.startsWith("alerts") || !map.getLayer(id) || map.getLayoutProperty(id, "icon-ignore-placement")) continue;
      map.setLayoutProperty(id, "icon-ignore-placement", true);
    }
  }
  // The district fills what is free of the map: zoom and middle for this screen, counted as the viewer's own view.
  function fit(map) {
    const box = (wall().dataset.box || "").split(",").map(Number);
    const room = map.getContainer().getBoundingClientRect();
    if (box.length !== 4 || !room.width) return;
    const camera = map.cameraForBounds([[box[0], box[1]], [box[2], box[3]]], { padding: { top: 26, bottom: 26, left: 150, right: 40 } });
    if (camera) map.jumpTo({ center: camera.center, zoom: camera.zoom }, { originalEvent: new Event("brain") });
    zoomed();
  }
  // On very tall walls (2160 lines and more) marks and words on the map grow with the root size.
  const growth = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  function grow() {
    const factor = growth();
    if (factor < 1.2) return;
    const plot = graph(), sizes = [], texts = [];
    plot.data.forEach((trace) => {
      sizes.push(trace.marker && trace.marker.size ? trace.marker.size * factor : null);
      texts.push(trace.textfont ? trace.textfont.size * factor : null);
    });
    const figure = current();
    if (!figure) return;
    const data = figure.data.map((trace, i) => Object.assign({}, trace,
      sizes[i] && trace.mode === "markers" ? { marker: Object.assign({}, trace.marker, { size: sizes[i] }) } : {},
      texts[i] ? { textfont: Object.assign({}, trace.textfont, { size: texts[i] }) } : {}));
    const layout = Object.assign({}, figure.layout, { map: Object.assign({}, figure.layout.map, { style: figure.layout.map.style + "&k=" + Math.min(factor, 4).toFixed(2) }) });
    set("wall-map", { figure: Object.assign({}, figure, { data: data, layout: layout }) });
  }
  function current() {
    const found = window.dash_component_api && window.dash_component_api.getLayout("wall-map");
    return found && found.props && found.props.figure;
  }
  function showBase(button, on) {
    const map = maplibre();
    for (let n = 0; map && n < Number(button.dataset.base || 0); n++) {
      const id = button.dataset.layer + "-" + n;
      if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", on ? "visible" : "none");
    }
  }
  function toggleLayer(button) {
    const on = !button.classList.contains("on");
    button.classList.toggle("on", on);
    button.setAttribute("aria-pressed", String(on));
    showBase(button, on);
    const traces = button.dataset.traces ? button.dataset.traces.split(",").map(Number) : [];
    const figure = traces.length ? current() : null;
    if (!figure) return;
    const data = figure.data.map((trace, i) => (traces.includes(i) ? Object.assign({}, trace, { visible: on }) : trace));
    set("wall-map", { figure: Object.assign({}, figure, { data: data }) });
  }

  // Clicks and forms ---------------------------------------------------------------------------------------------------
  function lnglatOf(node) {
    return node.dataset.lnglat ? node.dataset.lnglat.split(",").map(Number) : null;
  }
  function wants(button, more) {
    const data = Object.assign({}, button.dataset, more || {});
    delete data.key;
    set("wall-act", { data: fresh(data) });
  }
  document.addEventListener("click", (event) => {
    if (!wall()) return;
    const summary = event.target.closest("#wall-card summary");
    if (summary) { unfolded = !summary.parentNode.open; return; }
    const layer = event.target.closest("[data-layer]");
    if (layer) return toggleLayer(layer);
    const node = event.target.closest("[data-pick]");
    if (node) {
      const at = node.dataset.pick.indexOf(":");
      pick(node.dataset.pick.slice(0, at), node.dataset.pick.slice(at + 1), lnglatOf(node), node.dataset.near);
      const found = $("#wall-found");
      if (found && found.contains(node)) set("wall-search", { value: "" });
      return;
    }
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const what = button.dataset.do;
    if (what === "help") toggle("wall-help");
    else if (what === "legend") toggle("wall-legend");
    else if (what === "warnings") { allWarnings = !allWarnings; foldWarnings(); }
    else if (what === "close") close();
    else if (what === "cancel") set("wall-act", { data: fresh({ do: "cancel" }) });
    else wants(button);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.verb");
    if (!form) return;
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form).entries());
    wants(form, Object.assign(given, { do: "go" }));
  });
  document.addEventListener("change", (event) => {
    const choice = event.target.closest("[data-refetch=hands]");
    if (choice) set("wall-seen", { data: fresh({ org: choice.value, event: choice.closest("form").dataset.event }) });
  });
  function toggle(id) {
    const node = document.getElementById(id);
    if (node) node.hidden = !node.hidden;
  }

  // Keys ---------------------------------------------------------------------------------------------------------------
  function step(by) {
    const rows = $$("#wall-alert-rows [data-pick]");
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.dataset.pick === picked);
    const next = rows[Math.min(Math.max(at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by, 0), rows.length - 1)];
    next.click();
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (!wall() || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "Escape") {
      const help = $("#wall-help"), form = $("#wall-card form.verb");
      if (help && !help.hidden) help.hidden = true;
      else if (typing && typing.id === "wall-search") { set("wall-search", { value: "" }); typing.blur(); }
      else if (form) set("wall-act", { data: fresh({ do: "cancel" }) });
      else close();
      return;
    }
    if (typing) return;
    const press = (key) => { const button = $("#wall-card-acts [data-key=" + key + "]"); if (button) button.click(); };
    const keys = { j: () => step(1), k: () => step(-1), a: () => press("a"), d: () => press("d"), "?": () => toggle("wall-help"),
      "/": () => { const box = $("#wall-search"); if (box) box.focus(); } };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });

  // The live line ------------------------------------------------------------------------------------------------------
  // A beat comes with every push and at least every few seconds. Without one the line is dead: as soon as the server answers
  // again the page asks for a new one (its input changes), and the socket's worker connects at once.
  let heard = Date.now(), asked = 0, acted = Date.now(), told = Date.now();
  const patience = 9000;
  async function watch() {
    if (!wall()) return;
    const quiet = Date.now() - heard;
    wall().dataset.line = quiet > patience ? "lost" : "live";
    const said = $("#wall-line");
    if (said) said.textContent = quiet > patience ? "连接中断，正在重连 " + Math.floor(quiet / 1000) + " 秒" : "";
    if (!asked) {  // Dash does not call a callback without outputs by itself when a page is laid out
      asked = Date.now();
      set("wall-wake", { data: asked });
      return;
    }
    if (quiet <= patience || Date.now() - asked < 4000) return;
    asked = Date.now();
    try {
      const answer = await fetch("/session", { headers: { "X-Brain": "1" }, cache: "no-store" });
      if (answer.status === 401) window.location.assign("/login?said=ended&next=" + encodeURIComponent(window.location.pathname));
      else if (answer.ok) set("wall-wake", { data: Date.now() });
    } catch { /* the server is not back yet */ }
  }
  window.addEventListener("online", () => { asked = 0; });
  for (const kind of ["pointerdown", "keydown", "wheel"]) {
    document.addEventListener(kind, () => { acted = Date.now(); }, { passive: true });
  }
  // The session ends when nobody does anything for its idle limit; looking on is not doing. What a person does here mostly
  // needs no request, so once a minute the page tells the server that somebody is there.
  function present() {
    if (wall() && acted > told && Date.now() - told > 60000) {
      told = Date.now();
      fetch("/session", { headers: { "X-Brain": "1" }, cache: "no-store" }).catch(() => {});
    }
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    wall: {
      beat: function (data) {
        if (data && data.out) window.location.assign("/login?said=ended&next=" + encodeURIComponent(window.location.pathname));
        else if (data) { heard = Date.now(); drift = data.at - heard / 1000; wall().dataset.beats = Number(wall().dataset.beats || 0) + 1; }
        return window.dash_clientside.no_update;
      },
    },
  });

  setInterval(tick, 1000);
  setInterval(watch, 1000);
  setInterval(present, 5000);
  setInterval(watchMap, 200);
  new MutationObserver(() => { markPicked(); keepUnfolded(); watchWarnings(); }).observe(document.documentElement, { childList: true, subtree: true });
})();
