// Where the phone is: one watch for the whole page, running only while the page is in front.

export const changes = new EventTarget();

let fix = null, state = "asking", watch = null;
const WORDS = {
  asking: "正在定位…",
  denied: "没有定位权限。请到手机“设置 › 应用 › 浏览器 › 权限”里打开“位置信息”，或在地图上点出位置。",
  away: "收不到定位信号。请走到开阔处，或在地图上点出位置。",
  insecure: "本页没有用 HTTPS 打开，浏览器不给定位。请在地图上点出位置。",
};

/** Last fix {lng, lat, acc, at} in WGS84 degrees and metres, or null. */
export const last = () => fix;

/** State for people: null when a fresh fix is there, else a sentence. */
export const trouble = () => (state === "ok" ? null : WORDS[state]);

function tell() { changes.dispatchEvent(new Event("change")); }

function found({ coords, timestamp }) {
  fix = { lng: coords.longitude, lat: coords.latitude, acc: coords.accuracy, at: timestamp };
  state = "ok";
  tell();
}

function lost(error) {
  // A fix of two minutes ago is still good enough to say where a walking man is.
  if (error.code !== 1 && fix && Date.now() - fix.at < 120e3) return;
  state = error.code === 1 ? "denied" : "away";
  if (state === "denied") fix = null;
  tell();
}

/** Watch for as long as the page is in front. */
export function start() {
  if (watch !== null || document.hidden) return;
  if (!isSecureContext || !navigator.geolocation) {
    state = "insecure";
    tell();
    return;
  }
  watch = navigator.geolocation.watchPosition(found, lost, { enableHighAccuracy: true, maximumAge: 15e3, timeout: 20e3 });
}

export function stop() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
}

/** Ask once more, after the permission was changed or outdoors again. */
export function again() {
  stop();
  state = fix ? "ok" : "asking";
  tell();
  start();
}

document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
