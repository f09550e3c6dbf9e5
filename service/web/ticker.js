/* flash-ticker: an edition's breaking news, live, on any page.
 *
 *   <script src="https://live.example.org/ticker.js" async></script>
 *   <flash-ticker edition="ar"></flash-ticker>
 *   <style> flash-ticker { display: block; height: 26rem } </style>   keeps its place
 *
 * Attributes   edition (en) · limit: alerts shown, 1–50 (5) · heading: for the edition's own · paused ·
 *              api: Flashwire's URL, if not this script's · live: the stream's, if not as in /v1/editions
 * Content      ticker.html, if a server includes it: stands until we take over
 * Looks        --flash-bg -fg -muted -line -accent -tint -radius -font; ::part(class name); light or dark as the page's
 *              color-scheme says
 * Budget       8 KB gzip, all of this; no dependencies; no layout shift
 * Assumptions  a browser of 2024; plain script or module; under import() it needs `api`
 * Law          old state + events = fresh state; what was withdrawn leaves the screen, paused or not
 * Bloat        HTML, pictures, sound, marquees, adverts, cookies, a build
 */
(() => {
// ---- rules: values in, values out

const RESERVE = 10; // beyond the limit, so that one taken back leaves no hole
const KEPT_MAX = 60;
const TOMBSTONE_MS = 30 * 60e3;

/** alerts: newest first, also those no longer shown. replaying: revisions promised and not yet here.
 *  lost: something was missed, reconnect. heartbeat, retryAfter: seconds. */
const EMPTY = {cursor: null, alerts: [], heartbeat: 25, stale: false, replaying: 0, lost: false};

/** Offsets from `ours` to `cursor`; NaN where they are of different lives of the wire. */
const ahead = (cursor, ours) => {
  const [epoch, offset] = `${cursor}`.split(':'), [ourEpoch, ourOffset] = `${ours}`.split(':');
  return epoch === ourEpoch ? offset - ourOffset : NaN;
};

/** Higher versions win, of equal ones the redacted. An unknown alert goes on top if it is `fresh`; else it lies below
 *  our list or beyond a gap. */
const merge = (alerts, alert, fresh) => {
  const at = alerts.findIndex((held) => held.id === alert.id), held = alerts[at];
  if (!held) return fresh ? [alert, ...alerts].slice(0, KEPT_MAX) : alerts;
  const wins = alert.version - held.version || held.pubStatus === 'usable';
  return wins > 0 ? alerts.with(at, alert) : alerts;
};

/** The state after `frame`. Frames of a later protocol change nothing. */
const apply = (state, frame) => {
  const step = ahead(frame.cursor, state.cursor), {type, cursor, alert, heartbeat = 25} = frame;
  if (type === 'bye') return {...state, retryAfter: frame.retryAfter};
  if (type === 'heartbeat') return {...state, stale: frame.stale, replaying: 0, lost: !(step <= 0)};
  if (type === 'resumed') return {...state, heartbeat, stale: false, replaying: frame.replayed, lost: step !== 0};
  if (type === 'snapshot') // an older one, from a process that lags, only says where to go on
    return {...EMPTY, cursor, heartbeat, alerts: step < 0 ? state.alerts : frame.alerts};
  if (!alert) return state;
  return {...state,
    alerts: merge(state.alerts, alert, step === 1 && type === 'published'),
    cursor: step === 1 ? cursor : state.cursor,
    replaying: Math.max(0, state.replaying - 1),
    lost: !(step <= 1)};
};

/** Whether it is shown at `now` (ms): killed ones for 30 minutes, undone and expired ones never. */
const stands = ({signals, pubStatus, versionCreated, expires}, now) => !signals.includes('undone') &&
  now < Date.parse(expires) && !(pubStatus === 'canceled' && now >= Date.parse(versionCreated) + TOMBSTONE_MS);

const visible = (state, now, limit) => state.alerts.filter((alert) => stands(alert, now)).slice(0, limit);

/** What a reader who has paused sees: all waits, but what was withheld, withdrawn or corrected. */
const frozen = (shown, state, now) => shown.map((seen) => {
  const alert = state.alerts.find((one) => one.id === seen.id) ?? seen;
  const waits = alert.pubStatus === 'usable' && seen.pubStatus === 'usable' && !alert.correction;
  return waits ? seen : alert;
}).filter((alert) => stands(alert, now));

/** Milliseconds before try `attempt`: full jitter from 0.5 to 30 s, or as the server asked. */
const delay = (attempt, random, retryAfter) => retryAfter > 0
  ? Math.min(Math.max(retryAfter, 0.5), 300) * 1000
  : 500 + random * (Math.min(30e3, 1000 * 2 ** attempt) - 500);

const ago = (then, now, language) => {
  const minutes = Math.max(0, Math.floor((now - then) / 60e3)), hours = Math.floor(minutes / 60);
  if (hours >= 24) return new Date(then).toLocaleDateString(language, {day: 'numeric', month: 'short'});
  const [count, unit] = hours ? [hours, 'hour'] : minutes ? [minutes, 'minute'] : [0, 'second'];
  return new Intl.RelativeTimeFormat(language, {numeric: 'auto', style: 'short'}).format(-count, unit);
};

// ---- storage: this tab's place on the wire

const load = (read) => {
  try { return JSON.parse(read()); } catch { return {}; }
};
const save = (key, value) => {
  try { sessionStorage[key] = JSON.stringify(value); } catch { /* full or forbidden: next time we start cold */ }
};

// ---- socket: one connection, WebSocket or SSE

const TYPES = 'snapshot resumed heartbeat bye published updated corrected withheld released canceled expired'.split` `;

/** Calls heard(frame) for each message, gone(code) once. Returns hangUp(code): null ends in silence. */
const connect = (url, sse, opened, heard, gone) => {
  let wire, over;
  const hangUp = (code) => {
    if (over) return;
    over = true;
    wire?.close();
    if (code !== null) gone(code);
  };
  const read = ({data}) => {
    try { data = JSON.parse(data); } catch { return hangUp(0); }
    if (!over) heard(data);
  };
  try {
    wire = sse ? new EventSource(url.replace(/^ws/, 'http')) : new WebSocket(url);
    wire.onopen = opened;
    if (sse) {
      for (const type of TYPES) wire.addEventListener(type, read);
      wire.onerror = () => hangUp(0);
    } else {
      wire.onmessage = read;
      wire.onclose = ({code}) => hangUp(code);
    }
  } catch {
    setTimeout(hangUp, 0, 0);
  }
  return hangUp;
};

// ---- page: all that touches the DOM

const STYLES = new CSSStyleSheet();
STYLES.replaceSync(`
:host { display: block; height: calc(4rem + var(--rows) * 4.9rem);
  --bg: var(--flash-bg, light-dark(#fff, #16191d)); --fg: var(--flash-fg, light-dark(#16191d, #eceef0));
  --muted: var(--flash-muted, light-dark(#5a626b, #a0a8b0)); --line: var(--flash-line, light-dark(#dfe3e7, #2e343a));
  --accent: var(--flash-accent, light-dark(#c0151b, #ff7069)); --tint: var(--flash-tint, light-dark(#fff3d6, #3a3116)) }
button:empty, :host([hidden]) { display: none }
* { box-sizing: border-box; margin: 0 }
section { display: flex; flex-direction: column; height: 100%; overflow: hidden;
  background: var(--bg); color: var(--fg); border: 1px solid var(--line); border-radius: var(--flash-radius, 6px);
  text-align: start;
  font-family: var(--flash-font); font-size: 1rem; line-height: 1.4 }
header { display: grid; grid: 'a c' 1.5rem 'b c' 1.25rem / 1fr auto; padding: .5rem 1rem;
  border-bottom: 1px solid var(--line) }
h2 { font-size: 1rem }
.pause { grid-area: c; align-self: center }
.status, button, .meta { font-size: .8125rem; color: var(--muted) }
.status:not(:empty)::before { content: ''; display: inline-block; width: .3rem; height: .3rem; margin-inline-end: .4rem;
  border: 2px solid; border-radius: 50% }
.status[data-is=live]::before { color: var(--accent); background: var(--accent) }
button { font-family: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 4px;
  height: 2rem; padding: 0 .65rem }
:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px }
.list { position: relative; flex: 1; overflow: auto; scrollbar-width: thin; scrollbar-gutter: stable;
  padding-bottom: 2rem; mask: linear-gradient(#000 calc(100% - 2rem), #0000) }
ol { list-style: none; padding: 0 }
li { position: absolute; inset: -1px .5rem auto; padding: .7rem .5rem; border-top: 1px solid var(--line) }
[data-placed] { transition: transform .3s ease-out }
.new { animation: fresh 8s ease-out }
@keyframes fresh { 0%, 40% { background: var(--tint) } }
.meta { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .6rem }
.time { margin-inline-start: auto }
.level, .label, .flash .text { font-weight: 700 }
.flash .level, .urgent .level { color: var(--accent) }
.flash .level { color: var(--bg); background: var(--accent); padding: 0 .4rem; border-radius: 3px }
.label { color: var(--fg) }
.text { overflow-wrap: anywhere; font-weight: 600 }
.line .text { font-weight: 400 }
a { color: inherit; text-decoration: none }
a:hover { text-decoration: underline }
.note { margin-top: .25rem; padding-inline-start: .6rem; border-inline-start: 3px solid var(--accent);
  font-size: .875rem }
.item:not(.usable) .level { all: unset }
.attribution, .item:not(.usable) .text { color: var(--muted); font-weight: 400 }
.empty { padding: 0 1rem; line-height: 3.5 }
@media (prefers-reduced-motion: reduce) {
  li { transition: none !important } .new { animation-timing-function: step-end } }
@media (forced-colors: active) { .flash .level { border: 1px solid } }
`);

/** An element; its name is its class and part. Text goes in as text. */
const make = (tag, name, text = '', more) =>
  Object.assign(document.createElement(tag), {className: name, part: name, textContent: text}, more);

/** The sentence in its own language and direction, linked where it has a link, its attribution set apart. */
const sentence = (alert) => {
  const {language: lang, dir, text, link, attribution} = alert;
  if (alert.pubStatus !== 'usable') return make('p', 'text', alert.notice, {lang, dir});
  const line = make('p', 'text', '', {lang, dir}), prefix = `${attribution.text}:`;
  const home = /^https?:/i.test(link?.url) ? line.appendChild(make('a', 'link', '', {href: link.url})) : line;
  const cut = attribution.text && text.startsWith(prefix) ? prefix.length : 0;
  if (cut) home.append(make('span', 'attribution', prefix));
  home.append(text.slice(cut));
  return line;
};

const content = (alert, {language, labels: {levels, sections, ui}}) => {
  const {level, pubStatus, correction, signals, language: lang, dir} = alert, meta = make('div', 'meta');
  const label = ui[correction ? 'correction' : pubStatus] || (signals.includes('update') && ui.update);
  meta.append(
    make('span', 'level', levels[level] || level),
    label ? make('span', 'label', label) : make('span', 'section', sections[alert.sections[0]]),
    make('time', 'time', '', {dateTime: alert.firstCreated, ariaLive: 'off', // it ticks: not to be read out
      title: new Date(alert.firstCreated).toLocaleString(language)}));
  return [meta, sentence(alert), correction ? make('p', 'note', correction.text, {lang, dir}) : ''];
};

/** Makes the shadow tree, returns what paints it. Rows move by transforms, which shift no layout, and keep their nodes,
 *  and with them the focus. */
const page = (host, onclick) => {
  const root = host.shadowRoot || host.attachShadow({mode: 'open'});
  root.adoptedStyleSheets = [STYLES];
  const title = make('h2', 'title', '', {id: 'title'}), status = make('span', 'status', '', {role: 'status'});
  const pause = make('button', 'pause', '', {type: 'button', onclick});
  const list = make('div', 'list', '', {role: 'log', ariaLive: 'off', tabIndex: 0});
  const rows = make('ol', 'rows'), empty = make('p', 'empty'), header = make('header', 'header'), held = new Map();
  const section = make('section', 'ticker');
  for (const node of [section, list]) node.setAttribute('aria-labelledby', 'title');
  header.append(title, status, pause);
  list.append(rows, empty);
  section.append(header, list);
  root.replaceChildren(section);

  const write = (node, text = '') => { if (node.textContent !== text) node.textContent = text; };
  const arrange = () => {
    let y = 0;
    for (const row of rows.children) {
      row.style.transform = `translateY(${y}px)`;
      y += row.offsetHeight;
    }
    rows.style.height = `${y}px`;
    for (const row of rows.children) row.dataset.placed = ''; // so that none glides to its first place
  };
  const watcher = new ResizeObserver(arrange);

  const fill = (node, alert, edition) => {
    const focused = node.contains(root.activeElement);
    node.className = node.part = `item ${alert.level} ${alert.pubStatus}`;
    node.replaceChildren(...content(alert, edition));
    if (focused) (node.querySelector('a') || list).focus();
  };

  return (alerts, edition, heading, say, more, paused, now, first) => {
    const {ui} = edition.labels;
    section.lang = edition.language;
    section.dir = edition.dir;
    write(title, heading || ui.title);
    write(status, say === 'more' ? `${ui.more} (${more})` : ui[say]);
    status.dataset.is = say;
    write(pause, paused ? ui.resume : ui.pause);
    write(empty, alerts?.length === 0 ? ui.empty : '');
    if (!alerts) return;

    for (const [id, {node}] of held) {
      if (alerts.some((alert) => alert.id === id)) continue;
      if (node.contains(root.activeElement)) list.focus();
      watcher.unobserve(node);
      node.remove();
      held.delete(id);
    }
    alerts.forEach((alert, at) => {
      const row = held.get(alert.id) || {node: make('li', '', '', {ariaAtomic: 'true'})}, {node} = row;
      const json = JSON.stringify([alert, edition.language]);
      if (row.json !== json) {
        fill(node, alert, edition);
        node.classList.toggle('new', !first && row.version !== alert.version);
        Object.assign(row, {json, version: alert.version});
      }
      if (rows.children[at] !== node) rows.insertBefore(node, rows.children[at]);
      if (!held.has(alert.id)) held.set(alert.id, row), watcher.observe(node);
      write(node.querySelector('time'), ago(Date.parse(alert.firstCreated), now, edition.language));
    });
    arrange();
    if (first) setTimeout(() => { list.ariaLive = 'polite'; }, 500); // the first fill is not news
  };
};

// ---- the element

const ANSWER_MS = 5000; // a process that hangs still accepts
const GRACE_MS = 2000; // beyond two heartbeats
const CALM_MS = 5000; // a short break is nobody's business
const STEADY_MS = 10e3; // a connection that held so long starts the back-off anew
const BLOCKED = 3; // tries that did not open before WebSocket and SSE change places
const NO_WORDS = {language: 'en', dir: 'auto', labels: {levels: {}, sections: {}, ui: {}}};

const PAGE_EVENTS = ['pagehide', 'pageshow', 'online'];
const SCRIPT = (document.currentScript || document.querySelector('script[src*="/ticker"]'))?.src || location.href;

const known = {}; // api → its editions, asked for once
const editionsOf = (api) => known[api] ??= fetch(new URL('/v1/editions', api), {signal: AbortSignal.timeout(ANSWER_MS)})
  .then((answer) => answer.json());

class FlashTicker extends HTMLElement {
  static observedAttributes = ['edition', 'limit', 'heading', 'api', 'live', 'paused'];
  static rules = {EMPTY, apply, visible, frozen, delay, ago};

  // turn: outdates what an older dial awaits. since: when we went live, or away. clock: server's minus ours.
  #turn = 0; #api; #name; #limit; #key; #edition; #since; #clock; #state; #shown; #live; #tries; #unopened; #sse;
  #closed; #deadline; #show; #hangUp; #ticking; #retry; #dirty;

  connectedCallback() {
    for (const type of PAGE_EVENTS) addEventListener(type, this);
    this.#start();
  }

  disconnectedCallback() {
    for (const type of PAGE_EVENTS) removeEventListener(type, this);
    this.#stop();
  }

  /** A page that is left lets go of its stream, and may be kept for the back button. */
  handleEvent({type, persisted}) {
    if (type === 'pagehide') this.#stop();
    else if (type === 'online') this.#retry && this.#again(0);
    else if (persisted) this.#start();
  }

  attributeChangedCallback(name) {
    if (!this.#ticking) return;
    if (name === 'paused') return this.#draw();
    this.#stop();
    this.#start();
  }

  #start() {
    this.#api = new URL(this.getAttribute('api') || SCRIPT, location).origin;
    this.#name = this.getAttribute('edition') || 'en';
    this.#limit = Math.min(50, Math.max(1, parseInt(this.getAttribute('limit')) || 5));
    this.#key = `flash-ticker ${this.#api} ${this.#name} ${this.#limit}`;
    const {cursor = null, alerts = [], paused = this.hasAttribute('paused')} = load(() => sessionStorage[this.#key]);
    this.toggleAttribute('paused', paused);
    this.style.setProperty('--rows', this.#limit);
    this.#state = {...EMPTY, cursor, alerts};
    this.#shown = null;
    this.#live = this.#sse = this.#closed = false;
    this.#tries = this.#unopened = this.#clock = 0;
    this.#since = Date.now();
    this.#edition = NO_WORDS;
    this.#show = null;
    this.#ticking = setInterval(this.#draw, 1000);
    this.#dial();
    this.#draw();
  }

  #stop() {
    this.#turn++;
    this.#hangUp?.(null);
    clearInterval(this.#ticking);
    clearTimeout(this.#retry);
    this.#ticking = this.#retry = null;
    save(this.#key, {...this.#state, paused: this.hasAttribute('paused')});
  }

  /** Finds the edition's words and stream, and opens it where we left off. */
  async #dial() {
    const turn = ++this.#turn, live = this.getAttribute('live');
    this.#retry = null;
    this.#deadline = Infinity;
    try {
      const {editions} = await editionsOf(this.#api);
      if (turn !== this.#turn) return;
      this.#edition = editions.find(({edition}) => edition === this.#name) || NO_WORDS;
    } catch {
      delete known[this.#api];
      if (turn !== this.#turn) return;
      if (!live) return this.#lose();
    }
    if (!live && !this.#edition.live) return this.#lose(4404);
    const list = this.querySelector('[data-ticker]');
    if (list) Object.assign(this.#state, load(() => list.dataset.ticker)), this.#draw();
    const url = new URL(live || this.#edition.live, this.#api);
    url.protocol = url.protocol.replace('http', 'ws');
    const query = {edition: this.#name, limit: this.#limit + RESERVE, after: this.#state.cursor};
    for (const name in query) if (query[name]) url.searchParams.set(name, query[name]);
    this.#unopened++;
    this.#deadline = Date.now() + ANSWER_MS;
    const opened = () => {
      this.#unopened = 0;
      this.#deadline = Date.now() + ANSWER_MS;
    };
    this.#hangUp = connect(url.href, this.#sse, opened, this.#hear, this.#lose);
  }

  #hear = (frame) => {
    const state = this.#state = apply(this.#state, frame);
    this.#deadline = Date.now() + state.heartbeat * 2000 + GRACE_MS;
    if (frame.now) this.#clock = Date.parse(frame.now) - Date.now();
    if (!this.#live && frame.type !== 'bye') {
      this.#live = true;
      this.#since = Date.now();
    }
    this.#dirty ??= setTimeout(this.#draw, 16); // a burst is painted once
    if (state.lost) this.#hangUp(0);
  };

  #lose = (code) => {
    this.#turn++;
    if (code >= 4400 && code < 4409) { // asking again would not help
      this.#closed = true;
      return console.warn(`flash-ticker: ${this.#name} refused, ${code}`);
    }
    if (this.#live) {
      if (Date.now() - this.#since > STEADY_MS) this.#tries = 0;
      this.#since = Date.now();
    }
    this.#live = false;
    if (this.#unopened === BLOCKED) {
      this.#unopened = 0;
      this.#sse = !this.#sse;
      delete known[this.#api]; // the stream may have moved
    }
    this.#again(this.#tries++, this.#state.retryAfter);
    this.#state = {...this.#state, lost: false, retryAfter: undefined};
  };

  #again(attempt, retryAfter) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#dial(), delay(attempt, Math.random(), retryAfter));
  }

  #draw = () => {
    this.#dirty = null;
    if (Date.now() > this.#deadline) this.#hangUp(0);
    const list = this.querySelector('[data-ticker]');
    if (list && this.#edition === NO_WORDS) return; // it stands until we have words
    const now = Date.now() + this.#clock, paused = this.hasAttribute('paused'), first = !this.#shown;
    const latest = visible(this.#state, now, this.#limit);
    // What this tab remembered is shown only once the stream has said what became of it.
    if (!first || list || (this.#live && !this.#state.replaying))
      this.#shown = paused && !first ? frozen(this.#shown, this.#state, now) : latest;
    const away = !this.#live && Date.now() - this.#since > CALM_MS;
    const more = paused && latest.filter(({id}) => !this.#shown?.some((seen) => seen.id === id)).length;
    const say = this.#closed ? '' : away ? 'reconnecting' : this.#state.stale ? 'stale' : !this.#shown ? 'connecting'
      : more ? 'more' : paused ? '' : 'live';
    list?.remove();
    this.#show ??= page(this, () => this.toggleAttribute('paused'));
    this.#show(this.#shown, this.#edition, this.getAttribute('heading'), say, more, paused, now, first && this.#shown);
  };
}

if (!customElements.get('flash-ticker')) customElements.define('flash-ticker', FlashTicker);
})();
