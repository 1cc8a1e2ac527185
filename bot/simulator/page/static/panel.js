// What stands beside the phones: steps to try, the host's buttons, what happened just now.

import { el, icon } from "./dom.js";
import { post, Failed } from "./wire.js";
import * as words from "./words.js";

const { word, both } = words;
const SHOWN_LINES = 12;

export class Panel {
  constructor(root) {
    this.root = root;
    this.given = null;
    this.said = el("p", { class: "said", role: "status" });
  }

  show(given) {
    this.given = given;
    this.draw();
  }

  draw() {
    if (!this.given) return;
    const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    const scrolled = [...this.root.querySelectorAll(".scrolls")].map((node) => node.scrollTop);
    const { steps, groups, story, is_ready: isReady } = this.given;
    this.root.replaceChildren(
      ...[
        isReady ? null : el("p", { class: "preparing" }, word("preparing")),
        steps.length ? this.section("steps", word("tryThis"), el("ol", {}, steps.map((step, index) => this.step(step, index)))) : null,
        ...groups.filter(({ wide }) => !wide).map((group) => this.group(group)),
        story.length ? this.section("story", word("story"), el("ol", { class: "scrolls", tabIndex: 0, "aria-label": word("story") }, story.slice(-SHOWN_LINES).reverse().map(line))) : null,
        ...groups.filter(({ wide }) => wide).map((group) => this.group(group)),
        this.said,
      ].filter(Boolean),
    );
    this.root.querySelectorAll(".scrolls").forEach((node, index) => (node.scrollTop = scrolled[index] ?? 0));
    if (focused) this.root.querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  section(kind, title, content) {
    return el("section", { class: kind }, el("h2", {}, title), content);
  }

  group({ title, actions, wide }) {
    const made = actions.map((action) => (wide ? this.row(action) : this.action(action)));
    return this.section(wide ? "wide" : "few", both(title), el("div", { class: wide ? "actions scrolls" : "actions" }, made));
  }

  step(step, index) {
    const state = word(step.is_done ? "done" : "todo");
    return el(
      "li",
      { class: step.is_done ? "done" : "" },
      el("span", { class: "number", role: "img", "aria-label": `${index + 1}, ${state}` }, step.is_done ? icon("done") : String(index + 1)),
      el("span", {}, both(step.text), step.action && !step.is_done ? this.action(step.action) : null),
    );
  }

  action(action) {
    const isBusy = this.given.busy === action.id;
    const isOff = !action.is_open || Boolean(this.given.busy);
    const press = () => (isOff ? null : this.do(action));
    const given = { type: "button", class: "do", onclick: press, "aria-disabled": isOff ? "true" : null, "aria-busy": isBusy ? "true" : null, data: { action: action.id } };
    return el("button", given, el("b", {}, both(action.label)), action.note ? el("small", {}, both(action.note)) : null);
  }

  row(action) {
    const button = this.action({ ...action, note: null });
    const note = el("span", { id: `note-${action.id}`, class: "note" }, both(action.note));
    button.setAttribute("aria-describedby", note.id);
    return el("div", { class: "plan" }, note, button);
  }

  async do(action) {
    this.said.textContent = word("doing");
    try {
      await post("do", { action: action.id });
      this.said.textContent = "";
    } catch (fault) {
      if (!(fault instanceof Failed)) throw fault;
      this.said.textContent = fault.isAway ? word("away") : fault.message || word("cannot");
    }
  }
}

function line({ at, text }) {
  return el("li", {}, el("time", {}, at), el("span", {}, both(text)));
}
