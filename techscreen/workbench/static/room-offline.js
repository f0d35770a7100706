// The page without a network: a worker keeps it and its files, and gives them where the network does not answer.

export const CACHES = "techscreen-room-";

/**
 * Have the page kept.
 *
 * @param {Object} files `page`, `files`, `worker` and `scope`, as the page carries them.
 * @returns {Promise<boolean>} whether it is kept now. Browsers allow workers on https and on this machine alone.
 */
export async function keepForOffline({ page, files, worker, scope }) {
  if (!("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register(worker, { scope });
    const registration = await navigator.serviceWorker.ready;
    return await asked(registration.active, { keep: [page, ...files], scope });
  } catch {
    return false;
  }
}

/** Delete the copy of the page, and with the last one all that was kept. */
export async function forgetOffline({ page, scope }) {
  if (!("caches" in globalThis)) return;
  for (const name of (await caches.keys()).filter((each) => each.startsWith(CACHES))) {
    const cache = await caches.open(name);
    await cache.delete(page);
    const left = (await cache.keys()).some((request) => new URL(request.url).pathname.endsWith("/room"));
    if (left) continue;
    await caches.delete(name);
    await (await navigator.serviceWorker?.getRegistration(scope))?.unregister();
  }
}

function asked(worker, message) {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => resolve(event.data === true);
    setTimeout(() => resolve(false), 30_000);
    worker.postMessage(message, [channel.port2]);
  });
}
