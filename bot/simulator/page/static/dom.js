// Making elements. Text always becomes a text node; nothing here takes HTML.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  back: "M15 5l-7 7 7 7",
  chats: "M4 6h16M4 12h16M4 18h10",
  send: "M4 12l16-8-6 16-3-7z",
  clip: "M20 11.5l-8.5 8.5a5 5 0 01-7-7l9-9a3.3 3.3 0 014.7 4.7l-9 9a1.6 1.6 0 01-2.4-2.3l8.2-8.2",
  menu: "M5 7h14M5 12h14M5 17h14",
  reply: "M10 6L4 12l6 6M4.5 12H14c4 0 6 2 6 6",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  voice: "M12 4a3 3 0 013 3v4a3 3 0 01-6 0V7a3 3 0 013-3zM6 11a6 6 0 0012 0M12 17v3",
  close: "M6 6l12 12M18 6L6 18",
  dark: "M20 14.5A8.5 8.5 0 119.5 4a7 7 0 0010.5 10.5z",
  light: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  person: "M12 4a4 4 0 110 8 4 4 0 010-8zM4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6",
  done: "M5 12.5l4.5 4.5L19 7.5",
};

/**
 * An element with properties, attributes (names with a dash, `role`, `for`) and children; null children are left out.
 */
export function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "role" || name === "for" || name === "href") node.setAttribute(name, value === true ? "" : value);
    else node[name] = value;
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with a picture and a name for those who do not see it. */
export function iconButton(name, label, onclick, more = {}) {
  return el("button", { type: "button", class: "plain round", "aria-label": label, title: label, onclick, ...more }, icon(name));
}

/** Make these the children, keeping every node that stands already where it belongs. */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
}
