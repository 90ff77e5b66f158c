// Elements, made and kept. Text only ever becomes a text node; there is no markup in strings.
//
// Characters that aren't seen, or turn around what is written after them, are shown by their numbers:
// "\u202Egnp.exe" doesn't pass for "exe.png".

const SVG = "http://www.w3.org/2000/svg";

const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

const show = (text) => text.replace(UNSEEN,
  (character) => `\\u${character.codePointAt(0).toString(16).padStart(4, "0")}`);

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null)
    .map((child) => (typeof child === "string" ? show(child) : child)));
  return node;
}

/** An element of HTML. Attributes that are null or false are left out, children that are null too. */
export const element = (name, attributes = {}, ...children) =>
  furnish(document.createElement(name), attributes, children);

/** An element of SVG. */
export const shape = (name, attributes = {}, ...children) =>
  furnish(document.createElementNS(SVG, name), attributes, children);

export function setText(node, text) {
  const shown = show(text);
  if (node.textContent !== shown) {
    node.textContent = shown;
  }
}

const made = new WeakMap(); // of a parent: its rows by key

/**
 * Makes the rows the children of `parent`, in order. A row is {key, data, make}; where there was one of
 * that key with equal data its element stays as it is, with focus and selection.
 */
export function fill(parent, rows) {
  const old = made.get(parent) ?? new Map();
  const now = new Map();
  for (const { key, data, make } of rows) {
    const signature = JSON.stringify(data);
    const before = old.get(key);
    now.set(key, before?.signature === signature ? before : { signature, node: make() });
  }
  for (const [key, { node }] of old) {
    if (now.get(key)?.node !== node) {
      node.remove();
    }
  }
  let place = parent.firstChild;
  for (const { node } of now.values()) {
    if (node === place) {
      place = place.nextSibling;
    } else {
      parent.insertBefore(node, place);
    }
  }
  made.set(parent, now);
}

/** Draws, and gives the focus back to the link that had it where its element was made anew. */
export function keepFocus(draw) {
  const focused = document.activeElement;
  const section = focused.closest("section, aside");
  draw();
  if (focused === document.activeElement || section === null) {
    return;
  }
  const target = focused.isConnected ? focused : [...section.querySelectorAll("a, button")]
    .find((node) => node.textContent === focused.textContent &&
      node.getAttribute("href") === focused.getAttribute("href"));
  target?.focus({ preventScroll: true });
}
