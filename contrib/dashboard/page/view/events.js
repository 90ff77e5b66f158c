// How many events of each type were folded.

import { element, shape } from "../dom.js";
import { fillSection, setCount } from "./part.js";

function bar(type, count, most) {
  return element("li", {}, element("span", { class: "label" }, type),
    shape("svg", { class: "strip", "aria-hidden": "true" },
      shape("rect", { width: `${((100 * count) / most).toFixed(2)}%`, y: "5", height: "10", class: "bar" })),
    element("span", { class: "figure" }, count.toLocaleString("en")));
}

export function drawEvents(section, world, page) {
  const { accepted, by_type: types } = world.summary.events;
  const sorted = [...types].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  const most = Math.max(1, ...types.values());
  setCount(section, accepted.toLocaleString("en"));
  fillSection(section, page, sorted.map(([type, count]) => ({
    key: type, data: [count, most], make: () => bar(type, count, most),
  })), "No event was folded.");
}
