// Small hands for the page: make elements, sheets, a toast. Text is always set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** h("button.big", {onclick, disabled}, "文字", child…): an element. Null children are left out. */
export function h(tag, props, ...kids) {
  const [name, ...classes] = tag.split(".");
  const el = document.createElement(name || "div");
  if (classes.length) el.className = classes.join(" ");
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(el.dataset, value);
    else if (key in el && typeof value !== "string") el[key] = value;
    else el.setAttribute(key, value === true ? "" : value);
  }
  return fill(el, ...kids);
}

/** Append children (arrays are flattened, null is skipped) and return the element. */
export function fill(el, ...kids) {
  for (const kid of kids.flat(Infinity)) if (kid !== null && kid !== undefined && kid !== false) el.append(kid);
  return el;
}

/** Replace what an element shows. */
export function show(el, ...kids) {
  el.replaceChildren();
  return fill(el, ...kids);
}

export function svg(tag, attrs, ...kids) {
  const el = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attrs || {})) el.setAttribute(key, value);
  el.append(...kids);
  return el;
}

const PATHS = {
  back: "M15 4l-8 8 8 8",
  camera: "M4 8h4l2-3h4l2 3h4v11H4zM12 16.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7z",
  tasks: "M5 6h2M5 12h2M5 18h2M11 6h8M11 12h8M11 18h8",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  bell: "M6 17h12l-1.5-2.5V10a4.5 4.5 0 00-9 0v4.5zM10 20h4",
  me: "M12 12a4 4 0 100-8 4 4 0 000 8zM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5",
  pin: "M12 21s7-6.5 7-11.5A7 7 0 005 9.5C5 14.5 12 21 12 21zM12 12a2.5 2.5 0 100-5 2.5 2.5 0 000 5z",
  go: "M9 5l7 7-7 7",
  close: "M6 6l12 12M18 6L6 18",
  aim: "M12 3v4M12 17v4M3 12h4M17 12h4M12 16a4 4 0 100-8 4 4 0 000 8z",
  route: "M4 12l16-8-6 17-3-7z",
};

/** One of our own line icons, 24 px box, colour of the text around it. */
export function icon(name) {
  const path = svg("path", {
    d: PATHS[name], fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round",
  });
  const el = svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, path);
  return el;
}

const MARKS = {
  red: ["rect", { x: 2, y: 2, width: 12, height: 12 }],
  orange: ["path", { d: "M8 1l7 7-7 7-7-7z" }],
  yellow: ["path", { d: "M8 1.5L15.5 14.5H.5z" }],
  blue: ["circle", { cx: 8, cy: 8, r: 6.5 }],
};

/** Level as shape and word: never by colour alone. */
export function levelMark(of) {
  if (!of.level) return null;
  const [shape, attrs] = MARKS[of.level];
  return h("span.mark", null, svg("svg", { viewBox: "0 0 16 16", class: `shape ${of.level}`, "aria-hidden": "true" }, svg(shape, attrs)), of.level_words);
}

let toastTimer = 0;
/** A short word at the bottom; it leaves by itself. */
export function toast(text, kind = "") {
  const el = document.getElementById("toast");
  el.className = `on ${kind}`;
  el.textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { el.className = ""; }, Math.max(2500, text.length * 180));
}

/** A sheet from the bottom. `build(close)` gives its content; resolves with what close() was given, undefined if dismissed. */
export function sheet(title, build) {
  const over = document.getElementById("over");
  const before = document.activeElement;
  return new Promise((resolve) => {
    const leave = (value) => {
      over.replaceChildren();
      over.className = "";
      document.removeEventListener("keydown", onkey);
      before?.focus?.();
      resolve(value);
    };
    const onkey = (e) => { if (e.key === "Escape") leave(); };
    document.addEventListener("keydown", onkey);
    const box = h("div.sheet", { role: "dialog", "aria-modal": "true", "aria-label": title, tabindex: "-1" },
      h("div.sheet-head", null, h("h2", null, title),
        h("button.plain.round", { type: "button", "aria-label": "关闭", onclick: () => leave() }, icon("close"))),
      build(leave));
    show(over, h("div.shade", { onclick: () => leave() }), box);
    over.className = "on";
    document.getElementById("toast").className = "";
    box.focus();
  });
}

/** Two sentences and two buttons; resolves true for the first. */
export function ask(title, text, yes, no = "取消") {
  return sheet(title, (close) => [
    h("p", null, text),
    h("div.row", null,
      h("button.big", { type: "button", onclick: () => close(true) }, yes),
      h("button.big.second", { type: "button", onclick: () => close(false) }, no)),
  ]);
}
