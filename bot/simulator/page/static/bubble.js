// One message as a node.

import { el, icon, iconButton } from "./dom.js";
import { rich, safeUrl, isDeepLink } from "./rich.js";
import * as words from "./words.js";

const { word } = words;
const COLOURS = 7;

/**
 * @param {object} message as the server writes it
 * @param {{isFirst: boolean, isPrivate: boolean}} place first of its sender's run; in a private chat nobody is named
 * @param {object} act press, follow, copy, command, reply, jump: what its buttons do
 */
export function bubble(message, place, act) {
  if (message.service) {
    const text = words.service(message.service.what, message.from.name, message.service.value);
    return el("p", { class: "service", data: { id: message.id } }, text);
  }
  const named = place.isFirst && !message.mine && !place.isPrivate;
  return el(
    "article",
    { class: `message ${message.mine ? "mine" : "theirs"}${place.isFirst ? " first" : ""}`, tabIndex: -1, data: { id: message.id }, "aria-label": `${message.from.name} ${message.at.slice(11, 16)}` },
    el(
      "div",
      { class: "bubble" },
      named ? el("div", { class: `who colour-${message.from.id % COLOURS}` }, message.from.name, message.from.bot ? el("span", { class: "tag" }, word("bot")) : null) : null,
      message.reply ? quote(message.reply, act) : null,
      attachment(message),
      message.text ? el("div", { class: "text" }, rich(message.text, message.entities, act)) : null,
      el("div", { class: "meta" }, message.edits ? `${word("edited")} ` : "", el("time", {}, message.at.slice(11, 16))),
    ),
    message.buttons.length ? keyboard(message, act) : null,
    iconButton("reply", word("reply"), () => act.reply(message), { class: "plain round reply" }),
  );
}

function quote(reply, act) {
  return el("button", { type: "button", class: "quote", onclick: () => act.jump(reply.id) }, el("b", {}, reply.name), el("span", {}, reply.text));
}

function attachment({ file, contact }) {
  if (contact) return el("div", { class: "file" }, icon("person"), el("span", {}, el("b", {}, contact.name), el("small", {}, contact.phone)));
  if (!file) return null;
  const href = `api/files/${encodeURIComponent(file.id)}`;
  if (file.picture) return el("a", { href, target: "_blank", class: "picture" }, el("img", { src: href, alt: word("photo"), loading: "lazy" }));
  if (file.kind === "voice") return el("a", { href, class: "file", download: file.name }, icon("voice"), el("span", {}, word("voice", file.seconds)));
  const label = word("download", file.name, words.size(file.size));
  return el("a", { href, class: "file", download: file.name, "aria-label": label }, icon("file"), el("span", {}, el("b", {}, file.name), el("small", {}, words.size(file.size))));
}

function keyboard(message, act) {
  const rows = message.buttons.map((row) => el("div", { class: "row" }, row.map((button) => key(message, button, act))));
  return el("div", { class: "keyboard", role: "group" }, rows);
}

function key(message, button, act) {
  const style = `key ${button.style ?? ""}`;
  if (button.url && !isDeepLink(button.url)) {
    const safe = safeUrl(button.url);
    if (safe) return el("a", { class: style, href: safe, target: "_blank", rel: "noopener noreferrer" }, button.text, " ↗");
  }
  const onclick = (event) => {
    if (button.url) act.follow(button.url);
    else if (button.copy) act.copy(button.copy);
    else if (button.data) act.press(message, button, event.currentTarget);
  };
  const title = button.copy ? word("copy", button.copy) : null;
  return el("button", { type: "button", class: style, onclick, title, data: { key: button.data ?? button.url ?? button.text } }, button.text);
}
