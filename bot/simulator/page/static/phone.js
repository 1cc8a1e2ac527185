// One phone: whose it is, their chats, one of them open; it draws what the server says and asks it to act.

import { arrange, el, icon, iconButton } from "./dom.js";
import { bubble } from "./bubble.js";
import { post, upload, Failed } from "./wire.js";
import * as words from "./words.js";

const { word } = words;
const TOAST_MS = 4500;
const NEAR_PX = 80; // so close to the end the newest message is followed
const reduced = matchMedia("(prefers-reduced-motion: reduce)");

export class Phone {
  /**
   * @param {number} index its place
   * @param {{look: function(), seen: Map, isShown: function(number): boolean, counted: function()}} page
   */
  constructor(index, page) {
    this.index = index;
    this.page = page;
    this.messages = new Map();
    this.drawn = new Map();
    this.frame = null;
    this.replying = null;
    this.fresh = 0;
    this.sticks = true; // the newest message stays in sight
    this.build();
    new ResizeObserver(() => this.sticks && this.toEnd(false)).observe(this.log);
  }

  // ── the lasting parts ─────────────────────────────────────────────────────────────────────────

  build() {
    this.heading = el("h2", { id: `phone-${this.index}` });
    this.person = el("select", { onchange: () => this.become(Number(this.person.value)) });
    this.backButton = iconButton("back", "", () => this.toggleList());
    this.badge = el("span", { class: "badge", hidden: true });
    this.backButton.append(this.badge);
    this.title = el("h3");
    this.subtitle = el("p");
    this.list = el("ul", { class: "list", hidden: true });
    this.log = el("div", { class: "log", role: "log", tabIndex: 0, "aria-live": "off", onkeydown: (event) => this.walk(event), onscroll: () => this.scrolled() });
    this.down = el("button", { type: "button", class: "down", hidden: true, onclick: () => this.toEnd(true) });
    this.toast = el("div", { class: "toast", role: "status" });
    this.keys = el("div", { class: "keys", role: "group" });
    this.answering = el("div", { class: "answering", hidden: true });
    this.input = el("textarea", { rows: 1, autocomplete: "off", enterKeyHint: "send", onkeydown: (event) => this.typed(event), oninput: () => this.grow() });
    this.file = el("input", { type: "file", hidden: true, tabIndex: -1, onchange: () => this.attach() });
    this.menuButton = iconButton("menu", "", () => this.toggleMenu(), { "aria-expanded": "false" });
    this.menu = el("ul", { class: "menu", hidden: true });
    this.clip = iconButton("clip", "", () => this.file.click());
    this.sendButton = iconButton("send", "", () => this.send());
    this.composer = el("div", { class: "composer" }, this.menuButton, this.clip, this.input, this.sendButton, this.file);
    this.start = el("button", { type: "button", class: "start", hidden: true, onclick: () => this.act(() => post("open", { user: this.user })) });
    this.sheet = el("div", { class: "sheet", hidden: true });
    this.body = el(
      "div",
      { class: "body" },
      el("div", { class: "head" }, this.backButton, el("div", { class: "about" }, this.title, this.subtitle)),
      this.list,
      el("div", { class: "room" }, this.log, this.down, this.toast),
      this.menu,
      this.answering,
      this.start,
      this.composer,
      this.keys,
    );
    this.label = el("label", { class: "whose" }, this.heading, this.person);
    this.screen = el("div", { class: "screen" }, this.body, this.sheet);
    this.root = el("section", { class: "phone", "aria-labelledby": this.heading.id, onfocusin: () => this.page.focused(this) }, this.label, this.screen);
    this.screen.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.escape();
    });
  }

  get user() {
    return this.frame?.user ?? null;
  }

  get chat() {
    return this.frame?.chat ?? null;
  }

  /** Put the page's words where they belong; the chats' own words stay. */
  speak() {
    this.heading.textContent = words.both(this.handset?.title) || "";
    this.person.setAttribute("aria-label", `${this.heading.textContent} ${word("person")}`);
    for (const [button, name] of [[this.menuButton, "commands"], [this.clip, "attach"], [this.sendButton, "send"]]) {
      button.setAttribute("aria-label", word(name));
      button.title = word(name);
    }
    this.input.placeholder = word("write");
    this.input.setAttribute("aria-label", word("write"));
    this.start.textContent = word("start");
    this.keys.setAttribute("aria-label", word("keyboard"));
    this.log.setAttribute("aria-label", word("messages"));
    this.drawn.clear();
    if (this.frame) this.draw({ isWhole: true });
  }

  /** Offer everybody; people of one group stand together. */
  offer(people) {
    const groups = new Map();
    for (const one of people) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
    const options = [...groups].map(([group, some]) => {
      const made = some.map((one) => el("option", { value: one.user_id }, one.label));
      return group ? el("optgroup", { label: group }, made) : made;
    });
    this.person.replaceChildren(...options.flat());
    if (this.user) this.person.value = this.user;
  }

  // ── what the server says ──────────────────────────────────────────────────────────────────────

  state(given) {
    const isOther = given.user !== this.user || given.chat !== this.chat;
    this.frame = given;
    this.messages = new Map(given.messages.map((message) => [message.id, message]));
    if (isOther) this.moved();
    this.draw({ isWhole: isOther });
  }

  change(given) {
    const before = this.messages.size;
    this.frame = { ...this.frame, ...given };
    for (const message of given.changed) this.messages.set(message.id, message);
    for (const id of given.gone) this.messages.delete(id);
    this.fresh += Math.max(0, this.messages.size - before);
    this.draw({ isWhole: false });
  }

  /** Another person, or another chat: nothing of the old one stays. */
  moved() {
    this.reply(null);
    this.drawn.clear();
    this.log.replaceChildren();
    this.closeSheet();
    this.showMenu(false);
    this.toast.replaceChildren();
    if (this.person.value !== String(this.user)) this.person.value = this.user;
  }

  // ── drawing ───────────────────────────────────────────────────────────────────────────────────

  draw({ isWhole }) {
    if (isWhole) this.sticks = true;
    this.drawHead();
    this.drawMessages(isWhole);
    this.drawKeys();
    this.start.hidden = this.frame.opened;
    this.composer.hidden = !this.frame.opened;
    this.menuButton.hidden = !this.frame.commands.length;
    this.count();
    this.drawList();
    if (this.sticks) this.toEnd(false);
    else this.showDown();
  }

  drawHead() {
    const about = this.frame.private ? word("bot") : word("members", this.frame.size);
    this.title.textContent = this.list.hidden ? this.frame.title : word("chats");
    this.subtitle.textContent = this.list.hidden ? about : this.frame.name;
  }

  drawMessages(isWhole) {
    const nodes = [];
    let before = null;
    for (const message of [...this.messages.values()].sort((a, b) => a.id - b.id)) {
      const day = message.at.slice(0, 10);
      if (before?.at.slice(0, 10) !== day) nodes.push(this.node(`day ${day}`, day, () => el("p", { class: "day" }, words.day(day))));
      const isFirst = !before || Boolean(before.service) || before.from.id !== message.from.id;
      const key = JSON.stringify([message, isFirst]);
      nodes.push(this.node(message.id, key, () => bubble(message, { isFirst, isPrivate: this.frame.private }, this.acts()), !isWhole));
      before = message;
    }
    if (!nodes.length) nodes.push(this.node("empty", words.lang(), () => el("p", { class: "service" }, word("empty"))));
    arrange(this.log, nodes);
  }

  /** The node drawn for this before, or anew if its key changed; focus inside it is kept. */
  node(id, key, make, isLive = false) {
    const old = this.drawn.get(id);
    if (old?.key === key) return old.node;
    const made = make();
    const focused = old?.node.contains(document.activeElement) ? document.activeElement : null;
    if (old && old.node.parentNode === this.log) this.log.replaceChild(made, old.node);
    if (focused) (made.querySelector(`[data-key="${CSS.escape(focused.dataset.key ?? "")}"]`) ?? made).focus({ preventScroll: true });
    if (isLive) made.classList.add(old ? "changed" : "fresh");
    this.drawn.set(id, { key, node: made });
    return made;
  }

  drawKeys() {
    const key = JSON.stringify(this.frame.keyboard);
    if (this.keys.dataset.drawn === key) return;
    this.keys.dataset.drawn = key;
    const tap = (text) => this.act(() => post("tap", { user: this.user, text }));
    const rows = this.frame.keyboard.map((row) => el("div", { class: "row" }, row.map(({ text, contact }) => el("button", { type: "button", class: "key", onclick: () => tap(text) }, contact ? icon("person") : null, text))));
    this.keys.replaceChildren(...rows);
    this.keys.hidden = !rows.length;
  }

  drawList() {
    const rows = this.frame.chats.map((chat) => {
      const unread = this.unreadOf(chat);
      return el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: "chat", "aria-current": chat.id === this.chat ? "true" : null, onclick: () => this.enter(chat.id) },
          el("span", { class: `face ${chat.private ? "own" : ""}`, "aria-hidden": "true" }, [...chat.title][0] ?? "?"),
          el("span", { class: "what" }, el("b", {}, chat.title), el("small", {}, chat.preview || word("empty"))),
          el("span", { class: "when" }, el("time", {}, chat.at.slice(11, 16)), unread ? el("span", { class: "badge", "aria-label": word("unread", unread) }, String(unread)) : null),
        ),
      );
    });
    const focused = [...this.list.querySelectorAll("button")].indexOf(document.activeElement);
    this.list.replaceChildren(...rows);
    if (focused >= 0) this.list.querySelectorAll("button")[focused]?.focus();
  }

  // ── what is unread ────────────────────────────────────────────────────────────────────────────

  /** Count what came since this browser last saw each chat; the chat on screen is seen. */
  count() {
    const { seen } = this.page;
    for (const chat of this.frame.chats) {
      const key = `${this.user}:${chat.id}`;
      const isSeen = chat.id === this.chat && this.list.hidden && this.page.isShown(this.index);
      if (isSeen || !seen.has(key)) seen.set(key, chat.count);
    }
    const others = this.unread();
    this.badge.textContent = others;
    this.badge.hidden = !others || !this.list.hidden;
    this.backButton.setAttribute("aria-label", others ? `${this.backName()},${word("unread", others)}` : this.backName());
    this.page.counted();
  }

  backName() {
    return word(this.list.hidden ? "chats" : "back");
  }

  unreadOf(chat) {
    return Math.max(0, chat.count - (this.page.seen.get(`${this.user}:${chat.id}`) ?? chat.count));
  }

  unread() {
    return this.frame ? this.frame.chats.reduce((sum, chat) => sum + this.unreadOf(chat), 0) : 0;
  }

  // ── moving about ──────────────────────────────────────────────────────────────────────────────

  become(user) {
    this.frame = { ...this.frame, user, chat: user };
    this.showList(false);
    this.page.look();
  }

  enter(chat) {
    this.showList(false);
    if (chat === this.chat) return this.draw({ isWhole: true });
    this.frame = { ...this.frame, chat };
    this.page.look();
    this.log.focus({ preventScroll: true });
  }

  toggleList() {
    this.showList(this.list.hidden);
    this.count();
    this.drawList();
    if (!this.list.hidden) (this.list.querySelector("[aria-current]") ?? this.list.querySelector("button"))?.focus();
  }

  showList(isShown) {
    this.list.hidden = !isShown;
    this.screen.classList.toggle("listing", isShown);
    if (this.frame) this.drawHead();
  }

  escape() {
    if (!this.sheet.hidden) return this.closeSheet();
    if (!this.menu.hidden) {
      this.showMenu(false);
      return this.menuButton.focus();
    }
    if (this.replying) return this.reply(null);
    if (!this.list.hidden) {
      this.showList(false);
      this.count();
      this.backButton.focus();
    }
  }

  /** Arrow keys walk from message to message; Home and End jump. */
  walk(event) {
    const all = [...this.log.querySelectorAll(".message")];
    const at = all.indexOf(document.activeElement?.closest(".message"));
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all[to] || event.target.closest("pre")) return;
    event.preventDefault();
    all[to].focus();
  }

  isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_PX;
  }

  toEnd(isSmooth) {
    this.sticks = true;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: isSmooth && !reduced.matches ? "smooth" : "instant" });
    this.fresh = 0;
    this.showDown();
  }

  scrolled() {
    if (!this.log.clientHeight) return; // not on screen
    this.sticks = this.isAtEnd();
    if (this.sticks) this.fresh = 0;
    this.showDown();
  }

  showDown() {
    this.down.hidden = this.sticks;
    this.down.textContent = this.fresh ? word("newBelow", this.fresh) : word("bottom");
  }

  // ── acting ────────────────────────────────────────────────────────────────────────────────────

  acts() {
    return {
      press: (message, button, node) => this.press(message, button, node),
      follow: (url) => this.follow(url),
      copy: (text) => this.copy(text),
      command: (text) => this.say(text),
      reply: (message) => this.reply(message),
      jump: (id) => this.jump(id),
    };
  }

  async act(doing) {
    try {
      return await doing();
    } catch (fault) {
      if (!(fault instanceof Failed)) throw fault;
      this.tell(word(fault.isAway ? "away" : "cannot"));
      return null;
    }
  }

  async press(message, button, node) {
    if (node.getAttribute("aria-busy") === "true") return;
    node.setAttribute("aria-busy", "true");
    const where = { user: this.user, chat: this.chat };
    const answer = await this.act(() => post("press", { ...where, message: message.id, data: button.data }));
    node.removeAttribute("aria-busy");
    if (!answer || where.user !== this.user) return;
    if (answer.silent) return this.tell(word("silentAnswer"));
    const open = answer.url ? () => this.follow(answer.url) : null;
    if (answer.text && answer.alert) this.alert(answer.text, open);
    else {
      if (answer.text) this.tell(answer.text);
      open?.();
    }
  }

  async follow(url) {
    const groups = this.frame.chats.filter((chat) => !chat.private);
    if (/[?&]startgroup=/.test(url)) {
      const choices = groups.map((chat) => [chat.title, () => this.followTo(url, chat.id)]);
      return this.ask(word(groups.length ? "chooseGroup" : "noGroup"), [...choices, [word("cancel"), null]]);
    }
    return this.followTo(url, null);
  }

  async followTo(url, group) {
    const went = await this.act(() => post("follow", { user: this.user, url, group }));
    if (went) this.enter(went.chat);
  }

  say(text, reply = null) {
    return this.act(() => post("say", { user: this.user, chat: this.chat, text, reply }));
  }

  async send() {
    const text = this.input.value.trim();
    if (!text) return this.input.focus();
    const replied = this.replying?.id ?? null;
    const sent = await this.say(text, replied);
    if (!sent) return;
    this.input.value = "";
    this.grow();
    this.reply(null);
    this.toEnd(true);
  }

  async attach() {
    const [file] = this.file.files;
    this.file.value = "";
    if (file) await this.act(() => upload(this.user, this.chat, file));
    this.clip.focus();
  }

  typed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
  }

  reply(message) {
    this.replying = message;
    this.answering.hidden = !message;
    if (!message) return;
    this.answering.replaceChildren(
      el("span", {}, el("b", {}, word("replyTo", message.from.name)), el("small", {}, message.text.slice(0, 60))),
      iconButton("close", word("cancel"), () => this.reply(null)),
    );
    this.input.focus();
  }

  jump(id) {
    const node = this.drawn.get(id)?.node;
    node?.scrollIntoView({ block: "center", behavior: reduced.matches ? "instant" : "smooth" });
    node?.focus({ preventScroll: true });
  }

  toggleMenu() {
    this.showMenu(this.menu.hidden);
    if (!this.menu.hidden) this.menu.querySelector("button")?.focus();
  }

  showMenu(isShown) {
    const choose = (command) => {
      this.showMenu(false);
      this.input.focus();
      this.say(`/${command}`);
    };
    const items = (this.frame?.commands ?? []).map(({ command, description }) => el("li", {}, el("button", { type: "button", onclick: () => choose(command) }, el("b", {}, `/${command}`), description)));
    this.menu.replaceChildren(...items);
    this.menu.hidden = !isShown;
    this.menuButton.setAttribute("aria-expanded", String(isShown));
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = el("textarea", { value: text, class: "away" });
      this.screen.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    this.tell(word("copied"));
  }

  // ── toasts and alerts ─────────────────────────────────────────────────────────────────────────

  tell(text) {
    clearTimeout(this.fading);
    this.toast.replaceChildren(el("p", {}, text));
    this.fading = setTimeout(() => this.toast.replaceChildren(), TOAST_MS);
  }

  /** An alert must be closed; closing it may open what it points at. */
  alert(text, then) {
    this.ask(text, [[word("close"), then]]);
  }

  ask(text, choices) {
    const back = document.activeElement;
    const id = `sheet-${this.index}`;
    const buttons = choices.map(([label, then]) => el("button", { type: "button", onclick: () => this.closeSheet(then) }, label));
    const box = el("div", { class: "alert", role: "alertdialog", "aria-modal": "true", "aria-labelledby": id }, el("p", { id }, text), el("div", { class: "choices" }, buttons));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Tab") return;
      event.preventDefault();
      const next = buttons.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
      buttons[(next + buttons.length) % buttons.length].focus();
    });
    this.sheet.replaceChildren(box);
    this.sheet.hidden = false;
    this.body.inert = true;
    this.returning = back && this.screen.contains(back) ? { node: back, id: back.closest("[data-id]")?.dataset.id, key: back.dataset.key } : null;
    if (this.page.isShown(this.index)) buttons[0].focus();
  }

  closeSheet(then = null) {
    if (this.sheet.hidden) return;
    this.sheet.hidden = true;
    this.sheet.replaceChildren();
    this.body.inert = false;
    this.refocus();
    then?.();
  }

  /** Back to the button that was pressed, or, if it is gone, to its message. */
  refocus() {
    const { node, id, key } = this.returning ?? {};
    this.returning = null;
    if (node?.isConnected) return node.focus({ preventScroll: true });
    const place = id && this.drawn.get(Number(id))?.node;
    (place?.querySelector(`[data-key="${CSS.escape(key ?? "")}"]`) ?? place ?? this.log).focus({ preventScroll: true });
  }
}
