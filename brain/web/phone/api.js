// The one place that talks to the server.

/** An answer that is no success. `verdict`: the platform itself has refused, and would again. `status` 0: nothing came back, or nothing
 *  of ours. Whatever is no verdict leaves a thing where it is, to be sent later; `message` says what stood in the way. */
export class Fail extends Error {
  constructor(status, message, { code = "", ours = true } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.ours = ours;
  }
  get login() { return this.ours && this.status === 401; }
  get offline() { return !this.ours || this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500; }
  get verdict() { return !this.offline && !this.login; }
}

const CUT = "没有收到完整的应答";
const NONE = "连不上服务器";
const foreign = (status) => `网络要求登录，或有代理拦下了（应答 ${status}，不是平台的）`;

/** call("POST", "/api/v1/…", {json | form, key, person, seconds}) → the JSON answer; throws Fail. `person`: whose deed it is; the server
 *  refuses it in anybody else's session.
 *
 *  Why a header tells our answers (`X-Brain`): a captive portal answers 200 with a page of its own, a proxy 403, 413 or 502; what they
 *  say decides nothing. */
export async function call(method, path, { json, form, key, person, seconds = 20 } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Brain"] = "1";
  if (key) headers["Idempotency-Key"] = key;
  if (person) headers["X-Brain-Person"] = String(person);
  if (json) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  let answer, body;
  try {
    answer = await fetch(path, { method, headers, body: form || (json && JSON.stringify(json)), signal: stop.signal, credentials: "same-origin" });
    if (answer.headers.get("X-Brain") !== "1" || answer.redirected) throw new Fail(answer.status, foreign(answer.status), { ours: false });
    body = await answer.json();
    if (!body || typeof body !== "object") throw new Fail(0, CUT);
  } catch (err) {
    if (err instanceof Fail) throw err;
    throw new Fail(0, answer ? CUT : NONE);
  } finally {
    clearTimeout(timer);
  }
  if (answer.ok) return body;
  const said = typeof body.detail === "object" && !Array.isArray(body.detail) ? body.detail : body;
  throw new Fail(answer.status, body.error || said.message || "服务器没有办成，请稍后再试", { code: body.code || said.code || "" });
}

export const get = (path) => call("GET", path);
