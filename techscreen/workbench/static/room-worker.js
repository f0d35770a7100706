// Keeps the rooms that were opened and their files, and gives them when the network does not answer. Nothing else is
// kept, no other address is touched, and nothing about candidates comes here.
"use strict";

const CACHE = "techscreen-room-1";
const CACHES = "techscreen-room-";
// A network that takes longer than this is as good as none, if there is a copy.
const PATIENCE_MS = 4000;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => event.waitUntil(begin()));

self.addEventListener("message", (event) => {
  const port = event.ports[0];
  event.waitUntil(keep(event.data.keep).then(() => port.postMessage(true), () => port.postMessage(false)));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const base = new URL(self.registration.scope);
  if (request.method !== "GET" || url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return;
  const path = url.pathname.slice(base.pathname.length);
  if (/^\d+\/room$/.test(path) || /^static\/(icon\.svg|(room|sheet)[a-z-]*\.(js|css))$/.test(path)) {
    event.respondWith(networkFirst(request));
  }
});

async function begin() {
  const old = (await caches.keys()).filter((name) => name.startsWith(CACHES) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

// What is there already was brought up to date when the page loaded it.
async function keep(addresses) {
  const cache = await caches.open(CACHE);
  await Promise.all(addresses.map(async (address) => {
    if (await cache.match(address, { ignoreVary: true })) return;
    const response = await fetch(address, { credentials: "same-origin" });
    if (!isWorthKeeping(response)) throw new Error(`${address}: ${response.status}`);
    await replace(cache, new Request(address), response);
  }));
}

async function networkFirst(request) {
  const kept = await (await caches.open(CACHE)).match(request, { ignoreSearch: true, ignoreVary: true });
  const asked = fetch(request).then((response) => refreshed(request, response, kept));
  if (!kept) return asked;
  const enough = new Promise((resolve) => setTimeout(() => resolve(kept.clone()), PATIENCE_MS));
  return Promise.race([asked.catch(() => kept.clone()), enough]);
}

// A copy is replaced by what came, and given instead of an error of a server that is down. It is given for a deleted
// interview too: what was noted is in this browser alone, and has to be read and forgotten somewhere.
async function refreshed(request, response, kept) {
  if (kept && response.status >= 500) return kept.clone();
  if (kept && (response.status === 404 || response.status === 410)) {
    return request.mode === "navigate" ? markedAsGone(kept) : kept.clone();
  }
  if (kept && isWorthKeeping(response)) await replace(await caches.open(CACHE), request, response.clone());
  return response;
}

// The page reads the mark and says what it means.
async function markedAsGone(kept) {
  const html = await kept.clone().text();
  return new Response(html.replace('id="room"', "$& data-gone"), { headers: kept.headers });
}

// The address of a file names its version: the copy of another version goes.
async function replace(cache, request, response) {
  await cache.delete(request, { ignoreSearch: true, ignoreVary: true });
  await cache.put(request.url, response);
}

// Not a page for signing in that was answered in its place.
function isWorthKeeping(response) {
  return response.ok && response.type === "basic" && !response.redirected;
}
