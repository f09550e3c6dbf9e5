/* flash-alerts: a button that brings an edition's alerts to this browser, and takes them away again.
 *
 *   <script src="/device.js" defer></script> <script src="/alerts.js" defer></script>
 *   <flash-alerts edition="ar"></flash-alerts>
 *
 * Words        those of the edition, from /v1/editions (labels.ui.alerts_…)
 * Assumptions  a secure page (https, or localhost) of Flashwire's own origin, since a service worker must be of it
 * Law          the reader is asked for permission by pressing the button, never before
 * Law          one browser is one device, whatever number of editions: the last one that stops erases it
 * Law          presses take effect one after the other, in all tabs: each reads what the one before has written
 */
(() => {
const SUBSCRIBE_MS = 15e3; // a push service that cannot be reached leaves the browser trying without end
const SUPPORTED = 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;

const offer = fetch('/v1/editions').then((answer) => answer.json());
const checked = offer.then(({webPush}) => device.check(webPush?.publicKey)).catch(() => {}); // once a visit
const buttons = new Set(); // those of this page: all show one device

/** The subscription of this browser under the server's key; made where there is none, anew where the key is another. */
const subscribe = async (key) => {
  await navigator.serviceWorker.register('/sw.js', {updateViaCache: 'none'});
  const {pushManager} = await navigator.serviceWorker.ready;
  if ((await device.recall())?.key !== key) await (await pushManager.getSubscription())?.unsubscribe();
  return pushManager.subscribe({userVisibleOnly: true, applicationServerKey: key});
};

/** What comes when the reader was told that it did not work: the address of the device there is, else given back. */
const settle = async (subscription) => {
  const held = await device.recall();
  await (held ? device.register(subscription, held.editions, held.key) : subscription.unsubscribe());
};

/** The same in time. Rejects where it takes too long; what comes then leaves no half state. */
const subscribeInTime = async (key) => {
  const subscribing = subscribe(key);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('the push service does not answer'));
      subscribing.then((subscription) => device.alone(() => settle(subscription))).catch(() => {});
    }, SUBSCRIBE_MS);
  });
  return Promise.race([subscribing, late]).finally(() => clearTimeout(timer));
};

/** The editions that come to this browser; none where it has lost its subscription. */
const editionsNow = async () => {
  const registration = await navigator.serviceWorker.getRegistration('/sw.js');
  const subscribed = await registration?.pushManager.getSubscription();
  return subscribed ? (await device.recall())?.editions ?? [] : [];
};

/** Add an edition. Rejects where the browser's push service or ours refuses, or does not answer. */
const begin = async (edition, key) => {
  const subscription = await subscribeInTime(key);
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
    const change = (this.dataset.is === 'on' ? this.#stop() : this.#get()).catch((error) => {
      console.warn('flash-alerts:', error.message);
      this.#failed = true;
    });
    await this.#draw();
    await change;
    this.#busy = false;
    for (const button of buttons) await button.#draw();
  }

  /** Once the reader has allowed it; nothing happens where not. Nobody else waits for the reader's answer. */
  async #get() {
    const permission = await Notification.requestPermission(); // at once: browsers allow it only right after a press
    if (permission === 'granted') await device.alone(() => begin(this.#edition, this.#key));
  }

  async #stop() {
    await device.alone(() => end(this.#edition));
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
