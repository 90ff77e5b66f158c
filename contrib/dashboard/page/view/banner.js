// The verdict: state, reasons, age; title and icon, for when nobody looks.

import { element, fill, setText } from "../dom.js";
import { linkTo } from "../link.js";
import { sayDuration, sayMoment } from "../time.js";
import { plural } from "./part.js";

const SHOWN = 4; // of the subjects of one reason

const part = (id) => document.getElementById(id);

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

function sayAgeOf(verdict, world) {
  if (world === null) {
    return "";
  }
  const last = verdict.state === "UNKNOWN" ? `last known ${world.summary.status}, ` : "";
  return `${last}as of ${sayMoment(world.generatedAt)}, ${sayDuration(verdict.age)} ago`;
}

const sayWhy = ({ why, since }) =>
  (since === null ? why ?? "" : `since ${sayMoment(since)}: ${why}`);

function sayTitle({ state }, world) {
  const active = world?.summary.incidents.active ?? 0;
  const known = state !== "UNKNOWN" && active > 0;
  return known ? `${state} · ${plural(active, "incident")} · homelab` : `${state} · homelab`;
}

/** What follows from the verdict: called every second. */
export function showVerdict(verdict, world) {
  const { state } = verdict;
  const icon = `icons/${state.toLowerCase()}.svg`;
  setAttribute(part("banner"), "data-state", state);
  setAttribute(document.documentElement, "data-state", state);
  setAttribute(part("sign"), "src", icon);
  setAttribute(part("icon"), "href", icon);
  setText(part("state"), state);
  setText(part("why"), sayWhy(verdict));
  setText(part("age"), sayAgeOf(verdict, world));
  const title = sayTitle(verdict, world);
  if (document.title !== title) {
    document.title = title;
  }
  const past = part("past");
  past.hidden = state !== "UNKNOWN" || world === null;
  if (!past.hidden) {
    setText(past, `What follows is past: the world of ${sayMoment(world.generatedAt)}.`);
  }
}

function subject({ name, ...rest }) {
  const [[kind, key] = []] = Object.entries(rest);
  if (kind === undefined) {
    return element("span", {}, name);
  }
  return kind === "node" ? element("span", {}, name) : element("a", { href: linkTo(kind, key) }, name);
}

function reasonRow({ level, count, label, subjects }) {
  const shown = subjects.slice(0, SHOWN).flatMap((one, i) => (i > 0 ? [", ", subject(one)] : [subject(one)]));
  const rest = count > SHOWN ? `, and ${count - SHOWN} more` : null;
  return element("li", { "data-level": level },
    element("strong", {}, `${count} ${label}`), ": ", ...shown, rest);
}

export function drawReasons(reasons) {
  fill(part("reasons"), reasons.map((reason) => {
    const told = { ...reason, subjects: reason.subjects.slice(0, SHOWN) };
    return { key: reason.label, data: told, make: () => reasonRow(told) };
  }));
}
