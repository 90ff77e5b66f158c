// The swimlane drawn: a lane a service, deployments above all and in the lanes of their services.

import { element, fill, shape } from "../dom.js";
import { linkTo } from "../link.js";
import { DAY, sayClock, sayDate, sayMoment } from "../time.js";
import { SPANS, timelineOf } from "../timeline.js";
import { momentOf } from "../world.js";
import { sayServices } from "./deployments.js";
import { block, link, percent, plural, setCount, showMore, strip } from "./part.js";

// A lane's upper part is for deployments, the lower for incidents: neither hides the other.
const LANE = 26;

// how high a block is: severity is told by more than colour
const HEIGHTS = new Map([["info", 4], ["warning", 8], ["error", 12], ["critical", 16]]);

// a deployment is a mark whose form tells how it went, on a pole
const FORMS = new Map([
  ["completed", "M0 1l4 4.5-4 4.5-4-4.5z"],
  ["failed", "M-4 1l8 9M4 1l-8 9"],
  ["stalled", "M-3 1v9M3 1v9"],
  ["in_progress", "M-4 1L4 5.5-4 10z"],
]);

const sayMark = ({ incidents, severity, active }) => (incidents.length > 1 ?
  `${incidents.length} incidents, at most ${severity}` :
  `${severity}${active ? ", active" : ""}: ${incidents[0].message ?? incidents[0].event_type}`);

// The links in pictures are for the mouse; the keyboard has the lists, in which the same are text.
const reference = (kind, id, title, ...shapes) =>
  shape("g", { "data-link": linkTo(kind, id) }, shape("title", {}, title), ...shapes);

function incidentMark(mark, window) {
  const height = HEIGHTS.get(mark.severity) ?? 5;
  const latest = mark.incidents[mark.incidents.length - 1];
  return reference("incident", latest.id, `${sayMark(mark)}, ${sayMoment(latest.started_at)}`,
    block(mark.from, mark.to, window,
      { y: String(LANE - height), height: String(height), class: "failure",
        "data-status": mark.severity }));
}

function deploymentMark(deployment, window) {
  const moment = momentOf(deployment);
  const { id, status } = deployment;
  const form = FORMS.get(status) ?? FORMS.get("completed");
  return shape("svg", { x: `${percent(moment, window).toFixed(3)}%`, class: "deploy", overflow: "visible" },
    reference("deployment", id, `${id}: ${status}, ${sayServices(deployment)}, ${sayMoment(moment)}`,
      shape("line", { y1: "10", y2: String(LANE), class: "pole" }),
      shape("path", { d: form, "data-status": status })));
}

const grid = ({ ticks, ...window }) => ticks.map((tick) => {
  const x = `${percent(tick, window).toFixed(3)}%`;
  return shape("line", { x1: x, x2: x, y1: "0", y2: String(LANE), class: "tick" });
});

function axis({ ticks, ...window }) {
  const say = window.end - window.start > DAY ? sayDate : sayClock;
  return element("li", { class: "axis", "aria-hidden": "true" }, element("span", {}),
    shape("svg", { class: "strip" }, ...ticks
      .filter((tick) => percent(tick, window) < 95)
      .map((tick) => shape("text", { x: `${percent(tick, window).toFixed(3)}%`, y: "15" }, say(tick)))));
}

function deploymentLane(timeline) {
  const label = plural(timeline.deployments.length, "deployment");
  return element("li", {}, element("span", { class: "label" }, "deployments"),
    strip(label, ...grid(timeline), ...timeline.deployments.map((one) => deploymentMark(one, timeline))));
}

function lane(one, timeline) {
  const said = `${plural(one.incidents.length, "incident")}${one.active ? ", one is active" : ""}, ` +
    plural(one.deployments.length, "deployment");
  return element("li", {}, element("span", { class: "label" }, link("service", one.key)),
    strip(said, ...grid(timeline), ...one.marks.map((mark) => incidentMark(mark, timeline)),
      ...one.deployments.map((deployment) => deploymentMark(deployment, timeline))));
}

export function drawSpans(page) {
  fill(document.getElementById("spans"), SPANS.map(([name, span]) => ({
    key: name, data: span === page.span,
    make: () => element("button",
      { type: "button", "data-span": String(span), "aria-pressed": String(span === page.span) }, name),
  })));
}

export function drawKey() {
  const sample = (drawn, name) => element("span", { class: "sample" },
    shape("svg", { width: "14", height: "16", "aria-hidden": "true" }, drawn), name);
  document.getElementById("timeline-key").append(
    ...[...HEIGHTS].map(([name, height]) => sample(shape("rect",
      { x: "2", width: "10", y: String(16 - height), height: String(height), class: "failure",
        "data-status": name }), name)),
    ...[...FORMS].map(([name, d]) => sample(shape("svg", { x: "7", y: "3", class: "deploy", overflow: "visible" },
      shape("path", { d, "data-status": name })), `deployment ${name.replace("_", " ")}`)));
}

export function drawTimeline(section, world, page) {
  const timeline = timelineOf(world, page.span, page.filter, page.limitOf(section.id));
  const { start, end, deployments, lanes, hidden } = timeline;
  setCount(section, plural(lanes.length + hidden, "service"));
  fill(section.querySelector(".rows"), [
    { key: "axis", data: [start, end], make: () => axis(timeline) },
    { key: "deployments", data: [start, end, deployments], make: () => deploymentLane(timeline) },
    ...lanes.map((one) =>
      ({ key: `lane ${one.key}`, data: [start, end, one], make: () => lane(one, timeline) })),
  ]);
  showMore(section, hidden, lanes.length === 0 ? "No incident in this time." : null);
}
