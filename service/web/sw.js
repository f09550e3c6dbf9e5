/* sw.js: shows what is pushed to this browser, while no page is open too.
 *
 * Law      an alert is one notification (its tag is the alert's id), and an older version never replaces a newer one
 * Law      every push is shown: one that cannot be read as a plain notice, since browsers punish silence
 * Bloat    caching pages, badges, actions, HTML: a notification is plain text
 */
importScripts('/device.js');

const SEEN_MAX = 200; // alerts whose version we remember, dismissed ones too
const UNREADABLE = {title: 'Breaking news', body: '', navigate: '/'};

/** What a push says: what to show, and of which alert and version it is. Any bytes are allowed.
 *  The form is that of declarative Web Push, our own fields beside it; a browser that reads that form itself may hand
 *  us what it would show (`proposed`) instead of the data. */
const read = (data, proposed) => {
  let said;
  try { said = data.json(); } catch { /* not ours, or cut */ }
  const shown = said?.notification ?? proposed, own = {...shown?.data, ...said};
  if (typeof shown?.title !== 'string') return {notification: UNREADABLE, alert: '', version: 0};
  return {
    notification: shown,
    alert: typeof own.alert === 'string' ? own.alert : `${shown.tag ?? ''}`,
    version: Number.isInteger(own.version) ? own.version : 0,
  };
};

/** The address behind it: a page of the web, whatever the push says. */
const address = (navigate) => {
  try {
    const url = new URL(navigate, location.origin);
    if (/^https?:$/.test(url.protocol)) return url.href;
  } catch { /* no address at all */ }
  return location.origin;
};

/** The newest version of an alert that this browser has shown; 0 where it has shown none. What the reader has swept
 *  away counts too: a repeated push does not ring again. */
const newest = async (alert) => {
  const seen = await device.kept('seen').catch(() => []) ?? [];
  const here = await registration.getNotifications({tag: alert});
  return Math.max(0, ...seen.filter(([id]) => id === alert).map(([, version]) => version),
    ...here.map(({data}) => data?.version ?? 0));
};

const tell = ({alert, version}, what) => device.receipt(alert, version, what).catch(() => {});

const remember = (alert, version) => device.kept('seen', (seen = []) =>
  [[alert, version], ...seen.filter(([id]) => id !== alert)].slice(0, SEEN_MAX));

/** Whether it was shown: not where the same or a newer version was. */
const show = async ({notification, alert, version}) => {
  const {title, body, dir, lang, image, silent = false, renotify = !silent, navigate} = notification;
  if (version > 0 && version <= await newest(alert)) return false;
  await registration.showNotification(title, {
    body, dir, lang, silent, ...image && {image},
    tag: alert,
    renotify: Boolean(alert && renotify), // a correction that matters rings again; an update takes the place quietly
    data: {alert, version, url: address(navigate)},
  });
  if (alert) await remember(alert, version).catch(() => {}); // forbidden storage must not cost the reader an alert
  return true;
};

// One after the other: two versions that arrive together must not both find an empty screen. Receipts follow outside
// of the queue, so that a slow server delays none.
let turn = Promise.resolve();
addEventListener('push', (event) => {
  const said = read(event.data, event.notification);
  turn = turn.catch(() => {}).then(() => show(said));
  event.waitUntil(turn.then((isNew) => isNew && tell(said, 'shown')));
});

/** Bring the reader to the page of the alert: a tab that shows it already, else a new one. */
const open = async (said) => {
  const tabs = await clients.matchAll({type: 'window', includeUncontrolled: true});
  const there = tabs.find((tab) => tab.url === said.url);
  await (there ? there.focus() : clients.openWindow(said.url));
  await tell(said, 'opened');
};

addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});

/** The browser has given our subscription up, or changed it: we are the same device under another address. */
const renew = async (given) => {
  const held = await device.recall();
  if (!held) return;
  const subscription = given ??
    await registration.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: held.key});
  await device.register(subscription, held.editions, held.key);
};

addEventListener('pushsubscriptionchange', (event) => event.waitUntil(device.alone(() => renew(event.newSubscription))));

// A new worker takes over at once: it serves no pages, so none can be torn between two.
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
