// Parts that several views are made of.

import { element, fill, setText, shape } from "../dom.js";
import { linkTo } from "../link.js";
import { sayAge, sayMoment } from "../time.js";

/** A moment as its age, which tickAges() keeps right. */
export function age(moment) {
  if (moment === null) {
    return element("span", {}, "never");
  }
  return element("time", {
    datetime: new Date(moment).toISOString(), "data-moment": String(moment), title: sayMoment(moment),
  }, sayAge(moment, Date.now()));
}

export function tickAges() {
  const now = Date.now();
  document.querySelectorAll("time[data-moment]").forEach((node) => {
    setText(node, sayAge(Number(node.dataset.moment), now));
  });
}

/** A status or severity: a mark of its own form, and the word. */
export const badge = (status) =>
  element("span", { class: "badge" }, element("span", { class: "mark", "data-status": status }),
    (status ?? "unknown").replaceAll("_", " "));

/** A string among others: whatever way it is written in, what follows it isn't turned around. */
export const quote = (text) => element("bdi", {}, text);

export const link = (kind, key, text = key) => element("a", { href: linkTo(kind, key) }, text);

/** Percents of `window` at which a moment lies, kept within it. */
export function percent(moment, { start, end }) {
  return Math.min(100, Math.max(0, (100 * (moment - start)) / (end - start)));
}

/** A block of the picture from one moment to another, never too narrow to be seen. */
export function block(from, to, window, attributes) {
  const x = percent(from, window);
  const width = Math.max(0.3, percent(to, window) - x);
  return shape("rect",
    { x: `${Math.min(x, 99.7).toFixed(3)}%`, width: `${width.toFixed(3)}%`, ...attributes });
}

/** A picture in one row: as wide as there is room; `label` says what it shows. */
export const strip = (label, ...shapes) =>
  shape("svg", { class: "strip", role: "img", "aria-label": label }, ...shapes);

/**
 * Shows as many rows as the page wants of a section, and a button for more.
 * @param empty what to say where there is none
 */
export function fillSection(section, page, rows, empty) {
  const limit = page.limitOf(section.id);
  fill(section.querySelector(".rows"), rows.slice(0, limit));
  showMore(section, rows.length - limit, rows.length === 0 ? empty : null);
}

export function showMore(section, hidden, empty) {
  const more = hidden > 0 ? [{
    key: "more", data: hidden,
    make: () => element("button", { type: "button", "data-more": section.id },
      `Show more (${hidden} hidden)`),
  }] : [];
  const none = empty ? [{ key: "none", data: empty, make: () => element("p", {}, empty) }] : [];
  fill(section.querySelector(".more"), [...more, ...none]);
}

export const setCount = (section, text) => setText(section.querySelector(".count"), text);

/** What of the parts isn't null, with dots between. */
export const dotted = (...parts) => parts.filter((one) => one !== null)
  .flatMap((one, i) => (i === 0 ? [one] : [" · ", one])).flat();

/** "3", or "3 of 21" where a filter hides some. */
export const sayCount = (shown, all) => (shown === all ? `${all}` : `${shown} of ${all}`);

export const plural = (count, one, several = `${one}s`) => `${count} ${count === 1 ? one : several}`;
