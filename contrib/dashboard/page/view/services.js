// All services, by node. A mark tells the status by its form; a hollow one tells of the past only.

import { element, fill } from "../dom.js";
import { showsService } from "../filter.js";
import { linkTo } from "../link.js";
import { age, badge, dotted, plural, quote, sayCount, setCount, showMore } from "./part.js";

const URGENCY = ["unhealthy", "unknown", "healthy"];

const byUrgency = ([, a], [, b]) =>
  URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status) || (a.service < b.service ? -1 : 1);

export const sayStatus = ({ status, fresh }) => (fresh ? status : `${status}, not heard of lately`);

function sayEnd({ exit_code, oom_killed }) {
  const code = exit_code === null ? null : `exit ${exit_code}`;
  return oom_killed ? ["out of memory", code].filter(Boolean).join(", ") : code;
}

/** One container of a service. */
export function containerRow(container) {
  const { name, state, started_at, restarts, supervision, image } = container;
  const supervised = supervision?.state === "running" ? null : supervision?.state ?? null;
  return element("li", {}, badge(state), " ", ...dotted(
    quote(name ?? "?"), started_at === null ? null : ["started ", age(started_at)],
    restarts > 0 ? plural(restarts, "restart") : null, sayEnd(container),
    supervised && quote(supervised), image && quote(image)));
}

function chip(key, service) {
  const { status, fresh } = service;
  return element("li", {}, element("a", { class: "chip", href: linkTo("service", key) },
    element("span", { class: "mark", "data-status": status, "data-stale": !fresh && status !== "unknown" }),
    service.service,
    element("span", { class: "spoken" }, ` ${sayStatus(service)}`)));
}

function byNode(services) {
  const nodes = new Map();
  for (const entry of services) {
    const { node } = entry[1];
    nodes.set(node, [...(nodes.get(node) ?? []), entry]);
  }
  return [...nodes].sort(([a], [b]) => (a < b ? -1 : 1));
}

function group(node) {
  return element("div", { class: "group" }, element("h3", {}, node), element("ul", { class: "chips" }));
}

export function drawServices(section, world, page) {
  const shown = [...world.services].filter(([, service]) => showsService(page.filter, service));
  const limited = shown.sort(byUrgency).slice(0, page.limitOf(section.id));
  const groups = byNode(limited);
  const rows = section.querySelector(".rows");
  setCount(section, sayCount(shown.length, world.services.size));
  fill(rows, groups.map(([node]) => ({ key: node, data: node, make: () => group(node) })));
  groups.forEach(([, services], i) => {
    fill(rows.children[i].querySelector("ul"), services.map(([key, service]) => ({
      key, data: [service.status, service.fresh], make: () => chip(key, service),
    })));
  });
  showMore(section, shown.length - limited.length, shown.length > 0 ? null :
    world.services.size === 0 ? "No service is known." : "None that the filter shows.");
}
