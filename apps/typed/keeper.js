// Sends what is being typed to the pages' own server, and puts back what its person had typed before and not sent.
// What is chosen it sends too; that the server puts back, and it is said here that it did. It keeps nothing in the browser's store: whoever sits there next finds nothing. And it loads a page anew that broke.

import { CHOICE, labelOf, shown } from "./choices.js";

const SEND_MS = 400;
const CHOSEN_MS = 60;
const AGAIN_MS = 2000;
const LOOK_MS = 150;
const REST_MS = 300;
const BLANK_MS = 1500;
const FIELDS = [
  '[data-testid="stTextInput"] input:not([type="password"])',
  '[data-testid="stTextArea"] textarea',
  '[data-testid="stNumberInput"] input',
].join(",");
const FORM = '[class*="st-key-typed-"]';

// One for the document: a page that is drawn anew goes on with it.
const desk = {
  mark: "", address: "", sent: 0, kept: new Map(), before: new WeakMap(), changed: new Set(), timer: 0, look: 0,
  pressed: null, isSettling: false, status: null, words: "", back: new Set(), put: new WeakSet(), isPutting: false,
  isWatching: false, touched: new Map(), seen: new WeakMap(),
};

const keyOf = (block) => [...block.classList].find((each) => each.startsWith("st-key-"));
const plain = (key) => key.slice("st-key-".length).replace(/^(?:choice|typed)-/, "").replace(/-turn-\d+(?=-|$)/, "");

// By what a field is known wherever and whenever it is drawn: its own key, or its form's and its label.
function nameOf(field) {
  const own = field.closest('[data-testid="stElementContainer"]');
  const ownKey = own && keyOf(own);
  if (ownKey) return plain(ownKey);
  const form = field.closest(FORM);
  const label = field.getAttribute("aria-label");
  return form && label ? `${plain(keyOf(form))} ${label}` : null;
}

function* fields(root = document) {
  for (const field of root.querySelectorAll(FIELDS)) {
    const name = nameOf(field);
    if (name) yield [name, field];
  }
}

function* choices(root = document) {
  for (const block of root.querySelectorAll(CHOICE)) yield [plain(keyOf(block)), block];
}

function change(name, typed) {
  if (typed) desk.kept.set(name, typed);
  else if (!desk.kept.delete(name)) return;
  desk.changed.add(name);
  later(SEND_MS);
}

function later(ms) {
  clearTimeout(desk.timer);
  desk.timer = setTimeout(send, ms);
}

async function send() {
  clearTimeout(desk.timer);
  if (!desk.changed.size || !desk.mark) return;
  const names = [...desk.changed];
  const body = JSON.stringify({
    mark: desk.mark,
    fields: Object.fromEntries(names.map((name) => [name, desk.kept.get(name) ?? null])),
  });
  desk.changed.clear();
  let status = 0;
  try {
    const answer = await fetch(desk.address, {
      method: "POST", body, headers: { "Content-Type": "application/json" }, credentials: "same-origin",
      keepalive: new Blob([body]).size < 60000, // a browser lets no larger one outlive its page
    });
    status = answer.status;
  } catch { /* the server is away: again */ }
  if (status === 0 || status >= 500) {
    for (const name of names) desk.changed.add(name);
    later(AGAIN_MS);
  }
}

function typed(event) {
  const field = event.target;
  if (desk.isPutting || !(field instanceof Element) || !field.matches(FIELDS)) return;
  const name = nameOf(field);
  if (!name) return;
  const before = desk.before.get(field) ?? "";
  change(name, field.value ? { text: field.value, before } : null);
}

function entered(event) {
  const field = event.target;
  if (field instanceof Element && field.matches(FIELDS) && !desk.before.has(field)) {
    const name = nameOf(field);
    desk.before.set(field, (name && desk.kept.get(name)?.before) ?? field.value);
  }
}

function left(event) {
  if (!desk.isPutting && event.target instanceof Element && event.target.matches(FIELDS)) {
    desk.before.set(event.target, event.target.value); // Streamlit has it by now, and may draw it again
  }
}

// From when somebody puts a hand on a choice, what it shows is theirs.
function touched(event) {
  const block = event.target instanceof Element && event.target.closest(CHOICE);
  if (!block) return;
  const key = keyOf(block);
  const text = shown(block);
  if (desk.touched.get(block)?.key === key || text === null) return;
  const kept = desk.kept.get(plain(key));
  desk.touched.set(block, { key, before: kept?.text === text ? kept.before : text });
  desk.seen.set(block, key);
}

function lookAtChoices() {
  for (const [block, { key, before }] of desk.touched) {
    if (!block.isConnected || keyOf(block) !== key) {
      desk.touched.delete(block); // another field by now
      continue;
    }
    const name = plain(key);
    const text = shown(block);
    if (text === null || text === (desk.kept.get(name)?.text ?? before)) continue;
    change(name, text === before ? null : { text, before });
  }
}

// What stood on the page when something was pressed, and what of it is in the same form.
function pressed(target) {
  const form = target.closest(FORM);
  const names = (root) => new Set([...fields(root), ...choices(root)].map(([name]) => name));
  desk.pressed = { all: names(document), form: form ? names(form) : new Set() };
}

function isAtRest() {
  return document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning";
}

// Sent: its form's fields, and those of the page that are empty or gone by now.
function settle() {
  if (!isAtRest()) {
    setTimeout(settle, REST_MS);
    return;
  }
  const filled = new Set([...fields()].filter(([, field]) => field.value).map(([name]) => name));
  for (const [name, block] of choices()) if (desk.kept.get(name)?.text === shown(block)) filled.add(name);
  for (const name of desk.pressed?.all ?? []) if (!filled.has(name)) change(name, null);
  desk.pressed = null;
  desk.before = new WeakMap();
  desk.isSettling = false;
  putBack();
}

function putBack() {
  if (desk.isSettling || !desk.mark) return;
  for (const [name, field] of fields()) {
    const kept = desk.kept.get(name);
    if (!kept || desk.put.has(field) || field === document.activeElement && field.value) continue;
    desk.put.add(field);
    if (field.value === kept.text || (field.value && field.value !== kept.before)) continue;
    desk.before.set(field, kept.before);
    put(field, kept.text);
    desk.back.add(field.getAttribute("aria-label") ?? "");
  }
  for (const [name, block] of choices()) {
    const kept = desk.kept.get(name);
    if (!kept || desk.seen.get(block) === keyOf(block) || kept.text !== shown(block)) continue;
    desk.seen.set(block, keyOf(block));
    if (kept.text !== kept.before) desk.back.add(labelOf(block));
  }
  say();
}

// As if it were typed, and the field left: Streamlit takes it then.
function put(field, text) {
  const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  desk.isPutting = true;
  Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (field !== document.activeElement) field.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
  desk.isPutting = false;
}

function say() {
  if (!desk.status) return;
  desk.status.hidden = desk.back.size === 0;
  const root = desk.status.getRootNode(); // the shadow's, if there is one
  const block = (root.host ?? desk.status).closest('[data-testid="stElementContainer"]');
  if (block) block.style.display = desk.status.hidden ? "none" : ""; // else it would push the page down by its gap
  desk.status.textContent = desk.back.size ? `${desk.words}${[...desk.back].join("; ")}.` : "";
}

// What was typed before this script was there.
function takeUp() {
  for (const [name, field] of fields()) {
    if (field.value && (field === document.activeElement || field.closest(FORM)) && !desk.kept.has(name)) {
      change(name, { text: field.value, before: "" });
    }
  }
}

// Streamlit's own script ends, with nothing on the page, where it is told of a place that isn't there. What made it do so
// is mended (apps/staff/unsent.py); this is for what else may.
function loadAnewWhenBlank() {
  if (!document.querySelector('[data-testid="stApp"]')?.textContent.trim()) location.reload();
}

function watch() {
  if (desk.isWatching) return;
  desk.isWatching = true;
  document.addEventListener("focusin", entered, true);
  document.addEventListener("focusout", left, true);
  document.addEventListener("input", typed, true);
  for (const each of ["pointerdown", "focusin"]) document.addEventListener(each, touched, true);
  for (const each of ["click", "change", "keyup", "focusout"]) {
    document.addEventListener(each, () => void setTimeout(lookAtChoices, CHOSEN_MS), true); // once it shows it
  }
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button");
    if (button) pressed(button);
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target instanceof Element && event.target.closest(FORM)) pressed(event.target);
  }, true);
  window.addEventListener("pagehide", () => {
    lookAtChoices();
    void send();
  });
  setInterval(loadAnewWhenBlank, BLANK_MS);
  new MutationObserver(() => {
    clearTimeout(desk.look);
    desk.look = setTimeout(putBack, LOOK_MS);
  }).observe(document.body, { childList: true, subtree: true });
}

export default function (component) {
  const { data, parentElement } = component;
  const isFirst = !desk.isWatching;
  watch();
  if (desk.mark !== data.mark) {
    desk.kept.clear();
    desk.changed.clear();
    desk.back.clear();
    desk.touched.clear();
    desk.sent = data.sent;
  }
  Object.assign(desk, { mark: data.mark, address: data.address, words: data.words });
  desk.status = parentElement.querySelector(".typed-back");
  if (isFirst) takeUp();
  for (const [name, kept] of Object.entries(data.fields)) {
    if (!desk.kept.has(name) && !desk.changed.has(name)) desk.kept.set(name, kept);
  }
  if (data.sent > desk.sent) {
    for (const name of desk.pressed?.form ?? []) change(name, null);
    for (const [sent, beginning] of data.gone) {
      if (sent <= desk.sent) continue;
      for (const name of [...desk.kept.keys()]) if (name.startsWith(beginning)) change(name, null);
    }
    desk.back.clear();
    desk.touched.clear();
    desk.isSettling = true;
    setTimeout(settle, REST_MS);
  }
  desk.sent = data.sent;
  desk.look = setTimeout(putBack, LOOK_MS);
  say();
}
