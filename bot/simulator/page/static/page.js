// The page: phones side by side (or one at a time), a panel, a clock, a language and a theme.

import { el, icon } from "./dom.js";
import { Panel } from "./panel.js";
import { Phone } from "./phone.js";
import { Line } from "./wire.js";
import * as words from "./words.js";

const { word } = words;
const narrow = matchMedia("(max-width: 899px)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const $ = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.phones = [];
    this.seen = new Map();
    this.shown = 0;
    this.panel = new Panel($("panel"));
    this.handsets = [];
    this.people = "";
    this.clock = null;
    this.line = new Line({ state: (given) => this.state(given), change: (given) => this.change(given), lost: (isLost) => this.lost(isLost) });
    $("lang").addEventListener("click", words.switchLanguage);
    $("theme").addEventListener("click", () => this.theme(isDark() ? "light" : "dark"));
    dark.addEventListener("change", () => this.theme(words.remembered("theme")));
    narrow.addEventListener("change", () => this.show(this.shown));
    this.theme(words.remembered("theme"));
    words.onLanguage(() => this.speak());
    this.show(0); // the panel, until there are phones
    setInterval(() => this.tick(), 1000);
    this.line.look([]);
  }

  // ── what the server says ──────────────────────────────────────────────────────────────────────

  state(given) {
    this.told(given);
    while (this.phones.length < given.phones.length) this.add();
    given.phones.forEach((phone, index) => this.phones[index].state(phone));
    this.counted();
  }

  change(given) {
    this.told(given);
    given.phones.forEach((phone, index) => phone && this.phones[index]?.change(phone));
  }

  told({ now, panel }) {
    this.clock = { local: new Date(`${now}Z`), at: performance.now() };
    this.tick();
    if (!panel) return;
    const isNew = panel.handsets.length && !this.phones.length;
    this.handsets = panel.handsets;
    this.title = panel.title;
    this.panel.show(panel);
    this.offer(panel.people);
    this.name();
    if (isNew) this.line.look([]);
  }

  offer(people) {
    const key = JSON.stringify(people);
    if (key === this.people) return;
    this.people = key;
    for (const phone of this.phones) phone.offer(people);
  }

  add() {
    const phone = new Phone(this.phones.length, this);
    this.phones.push(phone);
    phone.handset = this.handsets[phone.index];
    phone.offer(JSON.parse(this.people || "[]"));
    phone.speak();
    $("phones").append(phone.root);
    this.drawTabs();
    this.show(this.shown);
  }

  look() {
    this.line.look(this.phones.map(({ user, chat }) => ({ user, chat })));
  }

  lost(isLost) {
    $("line").textContent = isLost ? word("lost") : "";
  }

  // ── one phone at a time ───────────────────────────────────────────────────────────────────────

  drawTabs() {
    const names = [...this.phones.map((phone) => words.both(phone.handset?.title)), word("panel")];
    const tabs = names.map((name, index) => el("button", { type: "button", onclick: () => this.show(index), "aria-current": index === this.shown ? "true" : null }, name, el("span", { class: "badge", hidden: true })));
    $("tabs").replaceChildren(...tabs);
    this.counted();
  }

  show(index) {
    this.shown = Math.min(index, this.phones.length);
    [...$("tabs").children].forEach((tab, at) => (at === this.shown ? tab.setAttribute("aria-current", "true") : tab.removeAttribute("aria-current")));
    this.phones.forEach((phone, at) => phone.root.classList.toggle("shown", at === this.shown));
    $("panel").classList.toggle("shown", this.shown === this.phones.length);
    this.phones[this.shown]?.frame && this.phones[this.shown].draw({ isWhole: false });
    this.focused(this.phones[this.shown]);
  }

  isShown(index) {
    return !narrow.matches || index === this.shown;
  }

  /** Only the phone in use reads its new messages aloud. */
  focused(phone) {
    for (const other of this.phones) other.log.setAttribute("aria-live", other === phone ? "polite" : "off");
  }

  counted() {
    [...$("tabs").children].forEach((tab, index) => {
      const unread = this.phones[index]?.unread() ?? 0;
      const badge = tab.querySelector(".badge");
      badge.textContent = unread;
      badge.hidden = !unread;
      badge.setAttribute("aria-label", word("unread", unread));
    });
  }

  // ── words, time, colours ──────────────────────────────────────────────────────────────────────

  speak() {
    document.documentElement.lang = words.lang() === "zh" ? "zh-CN" : "en";
    for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
    for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", word(node.dataset.label));
    $("lang").textContent = word("other");
    $("lang").setAttribute("aria-label", word("otherLabel"));
    $("lang").lang = words.lang() === "zh" ? "en" : "zh-CN";
    $("theme").setAttribute("aria-label", word("theme"));
    $("theme").title = word("theme");
    for (const phone of this.phones) phone.speak();
    this.panel.draw();
    this.drawTabs();
    this.name();
    this.tick();
  }

  name() {
    const title = words.both(this.title) || "校安";
    $("title").textContent = title;
    document.title = title;
  }

  tick() {
    if (!this.clock) return;
    const local = new Date(this.clock.local.getTime() + performance.now() - this.clock.at).toISOString();
    $("clock").replaceChildren(el("span", { class: "date" }, `${words.day(local)} `), local.slice(11, 16), el("span", { class: "seconds" }, local.slice(16, 19)));
    $("clock").dateTime = local.slice(0, 19);
  }

  theme(choice) {
    if (choice) {
      document.documentElement.dataset.theme = choice;
      words.remember("theme", choice);
    }
    $("theme").replaceChildren(icon(isDark() ? "light" : "dark"));
  }
}

function isDark() {
  const choice = document.documentElement.dataset.theme;
  return choice ? choice === "dark" : dark.matches;
}

new Page();
