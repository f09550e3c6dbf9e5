/* flash-alerts: a button that brings an edition's alerts to this browser, and takes them away again.
 *
 *   <script src="/device.js" defer></script> <script src="/alerts.js" defer></script>
 *   <flash-alerts edition="ar"></flash-alerts>
 *
 * Words        those of the edition, from /v1/editions (labels.ui.alerts_…)
 * Assumptions  a secure page (https, or localhost) of Flashwire's own origin, since a service worker must be of it
 * Law          the reader is asked for permission by pressing the button, never before
 * Law          one browser is one device, whatever number of editions: the last one that stops erases it
 */
(() => {
const SUPPORTED = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

const offer = fetch('/v1/editions').then((answer) => answer.json());
const checked = offer.then(({webPush}) => device.check(webPush?.publicKey)).catch(() => {}); // once a visit
const buttons = new Set(); // those of this page: all show one device
let turn = Promise.resolve(); // and change it one after the other

/** The subscription of this browser under the server's key; made where there is none, anew where the key is another. */
const subscribe = async (key) => {
  await navigator.serviceWorker.register('/sw.js', {updateViaCache: 'none'});
  const {pushManager} = await navigator.serviceWorker.ready;
  if ((await device.recall())?.key !== key) await (await pushManager.getSubscription())?.unsubscribe();
  return pushManager.subscribe({userVisibleOnly: true, applicationServerKey: key});
};

/** The editions that come to this browser; none where it has lost its subscription. */
const editionsNow = async () => {
  const registration = await navigator.serviceWorker.getRegistration('/sw.js');
  const subscribed = await registration?.pushManager.getSubscription();
  return subscribed ? (await device.recall())?.editions ?? [] : [];
};

/** Add an edition, once the reader has allowed it; nothing happens where not. Rejects where the browser's push service
 *  or ours refuses. */
const begin = async (edition, key, permission) => {
  if (await permission !== 'granted') return;
  const subscription = await subscribe(key);
  await device.register(subscription, [...new Set([...await editionsNow(), edition])], key);
};

/** Take an edition away, and with the last one the device: there first, so that nothing is sent to nobody. */
const end = async (edition) => {
  const left = (await editionsNow()).filter((other) => other !== edition);
  const {pushManager} = await navigator.serviceWorker.ready, subscription = await pushManager.getSubscription();
  if (left.length) return device.register(subscription, left, (await device.recall()).key);
  await device.erase();
  await subscription?.unsubscribe();
};

class FlashAlerts extends HTMLElement {
  #button = document.createElement('button');
  #status = document.createElement('p');
  #words = {};
  #key;
  #busy = false;
  #failed = false;

  async connectedCallback() {
    buttons.add(this);
    this.#button.type = 'button';
    this.#button.onclick = () => this.#press();
    this.#status.setAttribute('role', 'status'); // spoken when it changes
    const {editions, webPush} = await offer;
    const {language, dir, labels} = editions.find(({edition}) => edition === this.#edition) ?? editions[0];
    Object.assign(this, {lang: language, dir});
    this.#words = labels.ui;
    this.#key = webPush?.publicKey;
    this.replaceChildren(this.#button, this.#status);
    await checked;
    await this.#draw();
  }

  disconnectedCallback() {
    buttons.delete(this);
  }

  get #edition() {
    return this.getAttribute('edition') || 'en';
  }

  /** Why nobody can press; undefined where one can. */
  get #obstacle() {
    if (!SUPPORTED) return 'unsupported';
    if (!this.#key) return 'off';
    return Notification.permission === 'denied' ? 'denied' : undefined;
  }

  async #press() {
    if (this.#busy || this.#obstacle) return this.#draw();
    this.#busy = true;
    this.#failed = false;
    const stops = this.dataset.is === 'on';
    const permission = stops || Notification.requestPermission(); // at once: browsers allow it only right after a press
    const done = turn.then(() => stops ? end(this.#edition) : begin(this.#edition, this.#key, permission))
      .catch((error) => {
        console.warn('flash-alerts:', error.message);
        this.#failed = true;
      });
    turn = done;
    await this.#draw();
    await done;
    this.#busy = false;
    for (const button of buttons) await button.#draw();
  }

  async #draw() {
    const on = SUPPORTED && (await editionsNow()).includes(this.#edition), obstacle = this.#obstacle;
    this.dataset.is = on ? 'on' : 'off';
    this.#button.textContent = this.#words[on ? 'alerts_stop' : 'alerts_get'];
    this.#button.ariaDisabled = `${this.#busy || Boolean(obstacle)}`; // it keeps the focus and can say why
    const say = this.#busy ? 'asking' : obstacle ?? (this.#failed ? 'failed' : on ? 'on' : '');
    const said = say ? this.#words[`alerts_${say}`] : '';
    if (this.#status.textContent !== said) this.#status.textContent = said;
  }
}

customElements.define('flash-alerts', FlashAlerts);
})();
