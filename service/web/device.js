/* device.js: this browser as a device of Flashwire, the same for the page (alerts.js) and the service worker (sw.js).
 *
 * Law   the secret that /v1/devices gave us stays in this browser's IndexedDB and goes nowhere but back to /v1
 */
const device = (() => {
  const DATABASE = 'flashwire', STORE = 'kept', ANSWER_MS = 10e3;

  const finished = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  /** One value of the one store: read, or written where `change` says into what. Rejects where storage is forbidden. */
  const kept = async (key, change) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const database = await finished(opening);
    try {
      const store = database.transaction(STORE, change ? 'readwrite' : 'readonly').objectStore(STORE);
      const value = await finished(store.get(key));
      if (change) await finished(store.put(change(value), key));
      return value;
    } finally {
      database.close();
    }
  };

  /** A request to the API; its answer. With our secret where we have one. Rejects where nobody answers. */
  const ask = (method, path, body, secret) => fetch(path, {
    method,
    body: body && JSON.stringify(body),
    headers: {...body && {'Content-Type': 'application/json'}, ...secret && {Authorization: `Bearer ${secret}`}},
    signal: AbortSignal.timeout(ANSWER_MS),
    keepalive: true, // a receipt outlives the tab it opened
  });

  /** Run `change` when every other change of what we are registered as has ended, whatever tab or worker it is of. */
  const alone = (change) => navigator.locks.request('flashwire-device', change);

  /** What we are registered as: {id, secret, key, editions}; undefined where we are not. */
  const recall = () => kept('device');

  /** Register `subscription` for these editions, or change what is registered. `key`: the server's public key, wanted
   *  again when the browser must subscribe anew. Rejects where the server refuses. */
  const register = async (subscription, editions, key) => {
    const held = await recall(), body = {platform: 'webpush', subscription, preferences: {editions}};
    let answer = held && await ask('PUT', `/v1/devices/${held.id}`, body, held.secret);
    if (!answer?.ok) answer = await ask('POST', '/v1/devices', body); // unknown, or no longer: begin anew
    if (!answer.ok) throw new Error(`/v1/devices answered ${answer.status}`);
    const said = await answer.json();
    await kept('device', () => ({...held, ...said, key, editions}));
  };

  /** Forget a registration that the server does not know (any more), or that was made under another public key. Rejects
   *  where nobody answers; then nothing is forgotten. */
  const check = async (key) => {
    const held = await recall();
    if (!held || !key) return;
    const answer = held.key === key && await ask('GET', `/v1/devices/${held.id}`, undefined, held.secret);
    if (!answer || [401, 404].includes(answer.status)) await kept('device', () => undefined);
  };

  /** Be nobody: erased there, then here. Rejects where the server does not answer; then nothing is forgotten. */
  const erase = async () => {
    const held = await recall();
    if (held) await ask('DELETE', `/v1/devices/${held.id}`, undefined, held.secret);
    await kept('device', () => undefined);
  };

  /** Tell that an alert's version was 'shown' or 'opened'. It is kept as a count; that it fails is nobody's concern. */
  const receipt = async (alert, version, what) => {
    const held = await recall();
    if (held && alert) {
      await ask('POST', '/v1/receipts', [{alert, version, what, at: new Date().toISOString()}], held.secret);
    }
  };

  return {kept, alone, recall, register, check, erase, receipt};
})();
