// Nodes as cards: how they stand, what weighs on them, when they were heard.

import { element, shape } from "../dom.js";
import { heardSpans, windowOf } from "../availability.js";
import { showsNode } from "../filter.js";
import { age, badge, block, fillSection, plural, sayCount, setCount, strip } from "./part.js";

const PRESSURES = [["disk_pressure", "disk"], ["memory_pressure", "memory"], ["cpu_pressure", "cpu"]];
const STATUSES = ["unhealthy", "unknown", "healthy"];
const METRICS = 8; // a card shows no more

const byNeed = ([a, one], [b, other]) =>
  (one.status === "online") - (other.status === "online") || (a < b ? -1 : 1);

const pressuresOf = (node) => PRESSURES.filter(([field]) => node[field] !== null)
  .map(([field, name]) => element("span", { class: "badge" },
    element("span", { class: "mark", "data-status": "warning" }), `${name} ${node[field]}`));

function servicesOf({ services }) {
  const said = STATUSES.filter((status) => services[status] > 0)
    .map((status) => element("span", { class: "badge" },
      element("span", { class: "mark", "data-status": status }), `${services[status]} ${status}`));
  return said.length > 0 ? said : ["no services"];
}

const saySize = (value) => String(Number(value.toPrecision(4)));

/** cpu_percent 6.1 is "cpu 6.1 %", in one piece. */
function sayMetric([name, value]) {
  const [, stem] = /^(.*)_percent$/.exec(name) ?? [];
  return stem ? `${stem}\u00a0${saySize(value)}\u00a0%` : `${name}\u00a0${saySize(value)}`;
}

function heardStrip(name, node, window) {
  const spans = heardSpans(node, window);
  return strip(`When ${name} was heard in the last 7 days: ${plural(spans.length, "stretch", "stretches")}`,
    shape("line", { x1: "0", x2: "100%", y1: "10", y2: "10", class: "gap" }),
    ...spans.map(([from, to]) => block(from, to, window, { y: "6", height: "8", class: "heard" })));
}

function card(name, node, window) {
  const metrics = [...node.metrics].slice(0, METRICS).map(sayMetric).join(" · ");
  return element("li", { class: "card", "data-status": node.status },
    element("p", { class: "head" },
      element("button", { type: "button", class: "name", "data-node": name, title: "Show only this node" },
        name),
      badge(node.status)),
    element("p", { class: "facts" }, node.roles.join(", "),
      node.connectivity === "intermittent" ? " · intermittent" : null,
      " · seen ", age(node.last_seen)),
    element("p", { class: "badges" }, ...servicesOf(node), ...pressuresOf(node)),
    metrics === "" ? null : element("p", { class: "facts" }, metrics),
    node.held === 0 ? null :
      element("p", { class: "facts" }, `${plural(node.held, "event")} dated in the future`),
    heardStrip(name, node, window));
}

export function drawNodes(section, world, page) {
  const window = windowOf(world);
  const shown = [...world.nodes].filter(([name, node]) => showsNode(page.filter, name, node))
    .sort(byNeed);
  setCount(section, sayCount(shown.length, world.nodes.size));
  fillSection(section, page, shown.map(([name, node]) => ({
    key: name, data: [node, [...node.metrics], window.start], make: () => card(name, node, window),
  })), world.nodes.size === 0 ? "No node is known." : "None that the filter shows.");
}
