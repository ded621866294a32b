// A small map without tiles: the outlines of the 网格 around, rivers and well-known points. Kept on the phone, so that
// a place can be picked where neither GPS nor network reaches.

import { get } from "./api.js";
import { h, icon, sheet, toast } from "./dom.js";
import { last } from "./place.js";
import * as store from "./store.js";
import { state } from "./state.js";

const METRES = 111320; // a degree of latitude
const NEAREST = 60, FARTHEST = 20000; // metres shown across the width

let known = null;

/** The map of his surroundings: from memory, from the phone, else from the server. */
export async function load() {
  known ||= await store.get("map");
  if (known && known.version === state.me?.map_version) return known;
  try {
    known = { ...(await get("/api/v1/grid/map")), version: state.me?.map_version };
    await store.put("map", known);
  } catch (fail) {
    if (fail.status === undefined) throw fail;
  }
  return known;
}

function inside(ring, lng, lat) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i], [xj, yj] = ring[j];
    if (yi > lat !== yj > lat && lng < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/** The 网格 of a point from the kept map: {words}, or null where the map does not reach. */
export async function gridAt({ lng, lat }) {
  const map = known || (await store.get("map"));
  const hit = map?.grids.find((g) => g.rings.reduce((odd, ring) => odd !== inside(ring, lng, lat), false));
  return hit ? { words: hit.words } : null;
}

/** Let the user put the cross on the place; resolves with {lng, lat} or undefined. */
export async function pick(at) {
  const map = await load();
  if (!map) { toast("还没有存下地图，请联网一次再选；或先写明地点，定位恢复后再报", "bad"); return undefined; }
  const view = { lng: at?.lng ?? map.centre[0], lat: at?.lat ?? map.centre[1], across: at ? 400 : map.across };
  return sheet("移动地图，让十字对准现场", (close) => {
    const canvas = h("canvas.map", { "aria-label": "地图，拖动可移动" });
    const said = h("p.quiet.centre");
    const zoom = (f) => { view.across = Math.min(FARTHEST, Math.max(NEAREST, view.across * f)); draw(); };
    let width = 0, height = 0;

    const kx = () => METRES * Math.cos((view.lat * Math.PI) / 180);
    const px = ([lng, lat]) => { const s = width / view.across; return [width / 2 + (lng - view.lng) * kx() * s, height / 2 - (lat - view.lat) * METRES * s]; };

    function line(ctx, points, closed) {
      points.forEach((p, i) => { const [x, y] = px(p); if (i) ctx.lineTo(x, y); else ctx.moveTo(x, y); });
      if (closed) ctx.closePath();
    }

    function draw() {
      const ratio = devicePixelRatio || 1;
      width = canvas.clientWidth;
      height = canvas.clientHeight;
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      const ctx = canvas.getContext("2d");
      const big = parseFloat(getComputedStyle(document.documentElement).fontSize);
      ctx.scale(ratio, ratio);
      ctx.fillStyle = "#F7F9FC";
      ctx.fillRect(0, 0, width, height);
      ctx.strokeStyle = "#9FC3E6";
      ctx.lineWidth = Math.max(3, Math.min(14, 60 * width / view.across));
      ctx.lineCap = ctx.lineJoin = "round";
      for (const river of map.rivers) { ctx.beginPath(); line(ctx, river.line, false); ctx.stroke(); }
      ctx.lineWidth = 1.5;
      ctx.strokeStyle = "#8CA0B8";
      ctx.font = `${big * 0.8}px sans-serif`;
      ctx.textAlign = "center";
      for (const g of map.grids) {
        ctx.beginPath();
        for (const ring of g.rings) line(ctx, ring, true);
        if (g.own) { ctx.fillStyle = "rgba(14,124,107,.10)"; ctx.fill("evenodd"); }
        ctx.stroke();
      }
      // Names where there is room, the more useful ones first: an unreadable heap helps nobody.
      const taken = [[0, height - 20 - big, 16 * big / 3, height]]; // the scale bar stands there
      const label = (text, x, y, colour) => {
        const half = ctx.measureText(text).width / 2 + 4;
        const box = [x - half, y - big, x + half, y + 5];
        if (box[2] < 0 || box[0] > width || box[3] < 0 || box[1] > height) return;
        if (taken.some((t) => t[0] < box[2] && box[0] < t[2] && t[1] < box[3] && box[1] < t[3])) return;
        taken.push(box);
        ctx.fillStyle = colour;
        ctx.fillText(text, x, y);
      };
      for (const m of map.marks) {
        const [x, y] = px([m.lng, m.lat]);
        ctx.fillStyle = "#16202E";
        ctx.fillRect(x - 3, y - 3, 6, 6);
        if (view.across < 2500) label(m.name, x, y - 8, "#16202E");
      }
      for (const g of map.grids) label(g.short, ...px(g.point), "#51627A");
      const here = last();
      if (here) {
        const [x, y] = px([here.lng, here.lat]);
        ctx.beginPath();
        ctx.arc(x, y, 8, 0, 7);
        ctx.fillStyle = "#0E7C6B";
        ctx.fill();
        ctx.lineWidth = 3;
        ctx.strokeStyle = "#FFFFFF";
        ctx.stroke();
      }
      const bar = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000].findLast((m) => m < view.across / 3) || 10;
      ctx.fillStyle = "#16202E";
      ctx.fillRect(12, height - 14, (bar * width) / view.across, 3);
      ctx.textAlign = "left";
      ctx.fillText(bar < 1000 ? `${bar} 米` : `${bar / 1000} 公里`, 12, height - 20);
      ctx.strokeStyle = "#16202E";
      ctx.lineWidth = 2;
      ctx.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        ctx.moveTo(width / 2 + dx * 6, height / 2 + dy * 6);
        ctx.lineTo(width / 2 + dx * 26, height / 2 + dy * 26);
      }
      ctx.stroke();
      gridAt(view).then((g) => { said.textContent = g ? g.words : "不在已存的网格里"; });
    }

    // One finger moves, two zoom; the wheel for those at a desk.
    const fingers = new Map();
    let spread = 0;
    const gap = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
    canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); fingers.set(e.pointerId, { x: e.clientX, y: e.clientY }); if (fingers.size === 2) spread = gap(); });
    canvas.addEventListener("pointermove", (e) => {
      const was = fingers.get(e.pointerId);
      if (!was) return;
      fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
      if (fingers.size === 1) {
        const s = view.across / width;
        view.lng -= ((e.clientX - was.x) * s) / kx();
        view.lat += ((e.clientY - was.y) * s) / METRES;
        draw();
      } else if (fingers.size === 2) {
        const now = gap();
        if (now > 0) zoom(spread / now);
        spread = now;
      }
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (e) => fingers.delete(e.pointerId));
    canvas.addEventListener("wheel", (e) => { e.preventDefault(); zoom(e.deltaY > 0 ? 1.25 : 0.8); }, { passive: false });
    requestAnimationFrame(draw);
    return [
      h("div.map-box", null, canvas,
        h("div.zoom", null,
          h("button.round", { type: "button", "aria-label": "放大", onclick: () => zoom(0.5) }, icon("plus")),
          h("button.round", { type: "button", "aria-label": "缩小", onclick: () => zoom(2) }, icon("minus")))),
      said,
      h("button.big", { type: "button", onclick: () => close({ lng: view.lng, lat: view.lat, acc: 0 }) }, "用这个点"),
    ];
  });
}
