/* The sandbox's page: asks twice a second what the phones show, and changes only what has changed.

   The rule to remember: whatever stands in a notification is text. It goes in by textContent and by nothing else.

   Bloat: no history, no search, no sounds. `GET /v1/phones`, `/v1/counts` and `/v1/log` tell more. */

const EVERY_MS = 500;
const SHOWN = 60;
const PLATFORMS = { apns: "Apple", fcm: "Google", webpush: "Browser" };
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur", "ps", "ckb", "dv", "yi"]);

const at = (id) => document.getElementById(id);
const screens = new Map(); // token → { element, told: what it was last drawn from }
let isPaused = false;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text != null) element.textContent = text;
  return element;
}

function direction(edition) {
  return RIGHT_TO_LEFT.has((edition ?? "").split("-")[0]) ? "rtl" : "ltr";
}

function drawEntry(entry) {
  const item = make("li", "entry");
  item.dir = direction(entry.edition);
  if (entry.edition) item.lang = entry.edition;
  if (entry.level) item.dataset.level = entry.level;
  const top = make("div", "top");
  top.append(make("bdi", "", entry.title ?? "(encrypted)"), make("bdi", "", entry.version ? `v${entry.version}` : ""));
  item.append(top);
  if (entry.subtitle) item.append(make("div", "subtitle", entry.subtitle));
  if (entry.body) item.append(make("div", "body", entry.body));
  return item;
}

function drawPhone(phone) {
  const screen = make("article", "phone");
  const platform = PLATFORMS[phone.platform];
  screen.setAttribute("aria-label", `${platform}, ${phone.showing.length} shown, ${phone.received} received`);
  const head = make("header");
  head.append(make("span", "", platform), make("span", "", `${phone.received} received`));
  const entries = make("ul", "entries");
  const newest = phone.showing.toSorted((one, other) => other.at.localeCompare(one.at));
  entries.append(...newest.map(drawEntry));
  screen.append(head, entries, make("footer", "", `…${phone.token.slice(-20)}`));
  return screen;
}

function drawGrid(phones) {
  const seen = new Set();
  for (const phone of phones) {
    const told = JSON.stringify(phone);
    const key = `${phone.platform} ${phone.token}`;
    seen.add(key);
    let place = screens.get(key);
    if (!place) {
      place = { element: make("li"), told: "" };
      screens.set(key, place);
      at("grid").append(place.element);
    }
    if (place.told !== told) {
      place.told = told;
      place.element.replaceChildren(drawPhone(phone));
    }
  }
  for (const [key, place] of screens) {
    if (!seen.has(key)) {
      place.element.remove();
      screens.delete(key);
    }
  }
}

function drawFigures(found, counts, faults) {
  const seconds = (value) => (value == null ? "–" : `${value.toFixed(value < 10 ? 2 : 0)} s`);
  const refused = Object.entries(counts.refused).sort((one, other) => other[1] - one[1]);
  at("phones").textContent = found.total.toLocaleString("en");
  at("accepted").textContent = counts.accepted.toLocaleString("en");
  at("refused").textContent = refused.reduce((sum, [, count]) => sum + count, 0).toLocaleString("en");
  at("p50").textContent = seconds(counts.p50);
  at("p99").textContent = seconds(counts.p99);
  at("reasons").textContent = refused.map(([reason, count]) => `${reason} ${count.toLocaleString("en")}`).join(" · ");
  const isSick = Object.keys(faults).length > 0;
  at("faults").textContent = isSick ? `Faults: ${JSON.stringify(faults)}` : "";
  at("faults").hidden = at("heal").hidden = !isSick;
  at("empty").hidden = found.total > 0;
  at("more").hidden = !found.next;
  at("more").textContent = `The first ${SHOWN} of ${found.total.toLocaleString("en")}.`;
}

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function look() {
  const alert = at("alert").value.trim();
  const wanted = new URLSearchParams({ limit: SHOWN, platform: at("platform").value });
  if (alert) wanted.set("alert", alert);
  const counted = alert ? `/v1/counts?${new URLSearchParams({ alert })}` : "/v1/counts";
  const [found, counts, faults] = await Promise.all([ask(`/v1/phones?${wanted}`), ask(counted), ask("/v1/faults")]);
  drawGrid(found.phones);
  drawFigures(found, counts, faults);
}

async function lookOn() {
  for (;;) {
    if (!isPaused && !document.hidden) {
      try {
        await look();
      } catch {
        at("reasons").textContent = "The sandbox does not answer.";
      }
    }
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}

at("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  at("pause").setAttribute("aria-pressed", String(isPaused));
});
at("forget").addEventListener("click", () => fetch("/v1/phones", { method: "DELETE" }));
at("heal").addEventListener("click", () => fetch("/v1/faults", { method: "PUT", body: "{}" }));

lookOn();
