// Availability drawn: a line where the service was there, a block where it was down, a gap where its
// node wasn't heard; the least available first.

import { element, fill, shape } from "../dom.js";
import { availabilityOf, incidentsByPlace, sayShare, windowOf } from "../availability.js";
import { showsService } from "../filter.js";
import { block, link, plural, sayCount, setCount, showMore, strip } from "./part.js";

const shapesOf = ({ known, down }, window) => [
  shape("line", { x1: "0", x2: "100%", y1: "10", y2: "10", class: "gap" }),
  ...known.map(([from, to]) => block(from, to, window, { y: "8", height: "4", class: "there" })),
  ...down.map(([from, to]) => block(from, to, window, { y: "2", height: "16", class: "down" })),
];

/** One service's week as a picture. */
export const availabilityStrip = (availability, window) =>
  strip(`${sayShare(availability.share)} available, down ${plural(availability.down.length, "time")}`,
    ...shapesOf(availability, window));

function row(key, availability, window) {
  return element("li", {}, element("span", { class: "label" }, link("service", key)),
    availabilityStrip(availability, window),
    element("span", { class: "figure" }, sayShare(availability.share)));
}

const rank = ({ share }) => share ?? 2;

export function drawAvailabilityKey() {
  const sample = (drawn, name) => element("span", { class: "sample" },
    shape("svg", { width: "24", height: "20", "aria-hidden": "true" }, drawn), name);
  document.getElementById("availability-key").append(
    sample(shape("rect", { width: "24", y: "8", height: "4", class: "there" }), "there"),
    sample(shape("rect", { x: "8", width: "8", y: "2", height: "16", class: "down" }), "down"),
    sample(shape("line", { x1: "0", x2: "24", y1: "10", y2: "10", class: "gap" }),
      "unknown, not counted"));
}

export function drawAvailability(section, world, page) {
  const window = windowOf(world);
  const incidents = incidentsByPlace(world);
  const shown = [...world.services].filter(([, service]) => showsService(page.filter, service))
    .map(([key, service]) => [key,
      availabilityOf(service, world.nodes.get(service.node), incidents.get(key) ?? [], window)])
    .sort(([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1));
  const limit = page.limitOf(section.id);
  setCount(section, sayCount(shown.length, world.services.size));
  fill(section.querySelector(".rows"), shown.slice(0, limit).map(([key, availability]) => ({
    key, data: [window, availability], make: () => row(key, availability, window),
  })));
  showMore(section, shown.length - limit, shown.length === 0 ? "No service to show." : null);
}
