// A text and its entities (offsets count UTF-16 units, as JavaScript's strings do) as nodes.

import { el } from "./dom.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", blockquote: "blockquote", expandable_blockquote: "blockquote" };
const DEEP_LINK = /^(?:https?:\/\/)?(?:t|telegram)\.(?:me|dog)\/\w+\/?\?(start|startgroup)=/i;

export const isDeepLink = (url) => DEEP_LINK.test(url);

/** A link out of the page, or null for a scheme no browser should open. */
export function safeUrl(url) {
  const full = /^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `https://${url}`;
  return /^https?:\/\//i.test(full) ? full : null;
}

/**
 * @param {string} text
 * @param {{type: string, offset: number, length: number, url: ?string}[]} entities outer before inner
 * @param {{follow: function(string), command: function(string)}} act what links of the chat do
 * @returns {Node[]}
 */
export function rich(text, entities, act) {
  return span(text, 0, text.length, entities, act);
}

function span(text, from, to, entities, act) {
  const nodes = [];
  let at = from;
  for (let i = 0; i < entities.length; i += 1) {
    const entity = entities[i];
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < at || entity.offset >= to) continue;
    if (entity.offset > at) nodes.push(text.slice(at, entity.offset));
    const inner = entities.slice(i + 1).filter((other) => other.offset >= entity.offset && other.offset + other.length <= end);
    nodes.push(wrap(entity, text.slice(entity.offset, end), span(text, entity.offset, end, inner, act), act));
    at = end;
  }
  if (at < to) nodes.push(text.slice(at, to));
  return nodes;
}

function wrap(entity, covered, children, act) {
  switch (entity.type) {
    case "pre":
      return el("pre", { tabIndex: 0 }, children);
    case "spoiler":
      return el("span", { class: "spoiler", tabIndex: 0 }, children);
    case "url":
    case "text_link":
      return link(entity.url ?? covered, children, act);
    case "bot_command":
      return el("button", { type: "button", class: "inline-link", onclick: () => act.command(covered) }, children);
    default:
      return TAGS[entity.type] ? el(TAGS[entity.type], {}, children) : el("span", {}, children);
  }
}

function link(url, children, act) {
  if (isDeepLink(url)) return el("button", { type: "button", class: "inline-link", onclick: () => act.follow(url) }, children);
  const safe = safeUrl(url);
  return safe ? el("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, children) : el("span", {}, children);
}
