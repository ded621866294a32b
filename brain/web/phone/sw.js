// Keeps the page itself on the phone, and nothing else: data live in IndexedDB (store.js), where the page decides.
// The server writes the digest of all these files into VERSION, so a new release is a new cache, swapped as a whole:
// a page never runs on half old and half new modules.

const VERSION = "{{digest}}";
const CACHE = `field-${VERSION}`;
const SHELL = [
  "/m/", "/m/style.css", "/m/app.js", "/m/api.js", "/m/detail.js", "/m/dom.js", "/m/drafts.js", "/m/fields.js", "/m/keep.js", "/m/map.js", "/m/messages.js",
  "/m/mine.js", "/m/photo.js", "/m/place.js", "/m/queue.js", "/m/report.js", "/m/state.js", "/m/store.js", "/m/tasks.js",
  "/m/verbs.js", "/m/warnings.js", "/m/words.js", "/m/manifest.webmanifest", "/m/icon.svg", "/m/icon-maskable.svg",
];

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(SHELL.map((path) => new Request(path, { cache: "no-cache" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("field-") && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !url.pathname.startsWith("/m/")) return;
  const path = event.request.mode === "navigate" ? "/m/" : url.pathname;
  if (!SHELL.includes(path)) return;
  event.respondWith((async () => (await (await caches.open(CACHE)).match(path)) || fetch(event.request))());
});
