// The one place that talks to the server.

/** An answer that is no success. `status` 0 means that nothing came back: no network, or something else answered. */
export class Fail extends Error {
  constructor(status, message, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
  get offline() { return this.status === 0 || this.status === 429 || this.status >= 500; }
}

/** call("POST", "/api/v1/…", {json | form, key, seconds}) → the JSON answer; throws Fail. */
export async function call(method, path, { json, form, key, seconds = 20 } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Brain"] = "1";
  if (key) headers["Idempotency-Key"] = key;
  if (json) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  let answer, body;
  try {
    answer = await fetch(path, { method, headers, body: form || (json && JSON.stringify(json)), signal: stop.signal, credentials: "same-origin" });
    body = await answer.json();
  } catch {
    // Why also for a body that is no JSON: a captive portal answers 200 with a page of its own.
    throw new Fail(answer && !answer.ok ? answer.status : 0, "连不上服务器");
  } finally {
    clearTimeout(timer);
  }
  if (!answer.ok) throw new Fail(answer.status, body.error || "服务器没有办成，请稍后再试", body.code || "");
  return body;
}

export const get = (path) => call("GET", path);
