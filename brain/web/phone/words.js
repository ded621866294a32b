// Times and distances in the words people use. Beijing time whatever the phone is set to, as the server does
// (brain/web/api/_words.py says the same sentences; a test holds the two against each other).

const OFFSET = 8 * 3600e3;
const two = (n) => String(n).padStart(2, "0");

function parts(ms) {
  const d = new Date(ms + OFFSET);
  return { y: d.getUTCFullYear(), m: d.getUTCMonth() + 1, d: d.getUTCDate(), hm: `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`,
    day: Math.floor((ms + OFFSET) / 86400e3) };
}

function span(minutes) {
  if (minutes < 60) return `${minutes} 分钟`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} 小时 ${minutes % 60} 分` : `${hours} 小时`;
  return hours % 24 ? `${Math.floor(hours / 24)} 天 ${hours % 24} 小时` : `${hours / 24} 天`;
}

/** "今天 17:30", "明天 09:00", "9月8日 17:30", with the year when it is another. */
export function moment(iso, now = Date.now()) {
  const t = parts(new Date(iso).getTime()), n = parts(now);
  const day = { "-1": "昨天 ", 0: "今天 ", 1: "明天 " }[t.day - n.day];
  if (day) return day + t.hm;
  return (t.y === n.y ? "" : `${t.y}年`) + `${t.m}月${t.d}日 ${t.hm}`;
}

/** Time left: "剩 24 分钟", "超 12 分钟", "今天 17:30 前"; `late` and `near` choose the colour. */
export function left(due, now = Date.now()) {
  if (!due) return { words: "未定时限", late: false, near: false };
  const ms = new Date(due).getTime() - now;
  if (ms < 0) return { words: `超 ${span(Math.max(1, Math.floor(-ms / 60e3)))}`, late: true, near: false };
  const minutes = Math.floor(ms / 60e3);
  if (minutes < 1) return { words: "剩不到 1 分钟", late: false, near: true };
  if (minutes < 240) return { words: `剩 ${span(minutes)}`, late: false, near: minutes < 60 };
  return { words: `${moment(due, now)} 前`, late: false, near: false };
}

/** Metres between two points in degrees (sphere; good to 0.5 %). */
export function metres(a, b) {
  const rad = Math.PI / 180;
  const dy = (b.lat - a.lat) * rad, dx = (b.lng - a.lng) * rad;
  const s = Math.sin(dy / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dx / 2) ** 2;
  return 12742e3 * Math.asin(Math.sqrt(s));
}

/** "340 米", "1.2 公里". */
export function distance(m) {
  if (m < 10) return "不到 10 米";
  if (m < 1000) return `${Math.round(m / 10) * 10} 米`;
  return m < 10e3 ? `${(m / 1000).toFixed(1)} 公里` : `${Math.round(m / 1000)} 公里`;
}
