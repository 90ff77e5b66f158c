// One incident, service or deployment whole, as the address names it.

import { element, fill, setText, shape } from "../dom.js";
import { availabilityOf, incidentsByPlace, sayShare, windowOf } from "../availability.js";
import { SECOND, sayDuration, sayMoment } from "../time.js";
import { deploymentsBefore, incidentsAfter } from "../timeline.js";
import { concerns, momentOf, placeOf } from "../world.js";
import { availabilityStrip } from "./availability.js";
import { deploymentRow, sayServices } from "./deployments.js";
import { incidentRow, sayRemediation } from "./incidents.js";
import { age, badge, link, percent, strip } from "./part.js";
import { containerRow, sayStatus } from "./services.js";

const LISTED = 20;

const exactly = (moment) => (moment === null ? null : [sayMoment(moment), ", ", age(moment)]);

/** A list of terms; rows without a value are left out. */
function facts(rows) {
  return element("dl", {}, ...rows.filter(([, value]) => value !== null && value !== "")
    .flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, ...[value].flat())]));
}

function listing(title, rows) {
  const more = rows.length > LISTED ? element("p", {}, `and ${rows.length - LISTED} more`) : null;
  return rows.length === 0 ? [] :
    [element("h3", {}, title), element("ul", { class: "rows" }, ...rows.slice(0, LISTED)), more];
}

function lead(deployment, incident) {
  const time = sayDuration(incident.started_at - momentOf(deployment));
  return element("li", {}, badge(deployment.status), ` ${time} before: `, link("deployment", deployment.id));
}

function occurrences(incident) {
  const window = { start: incident.started_at, end: Math.max(incident.last_occurrence, incident.started_at + 1) };
  return strip(`${incident.events.length} occurrences over time`, ...incident.events.map((moment) => {
    const x = `${(0.5 + percent(moment, window) * 0.99).toFixed(3)}%`;
    return shape("line", { x1: x, x2: x, y1: "2", y2: "18", class: "occurrence" });
  }));
}

function incidentDetail(incident, world) {
  const end = incident.resolved_at ?? world.generatedAt;
  return [
    element("p", { class: "head" }, badge(incident.severity), badge(incident.status)),
    element("p", { class: "message" }, incident.message ?? "without a message"),
    facts([
      ["Service", link("service", placeOf(incident))],
      ["Began", exactly(incident.started_at)],
      ["Last time", exactly(incident.last_occurrence)],
      ["Resolved", exactly(incident.resolved_at)],
      ["Resolved by", incident.resolved_by],
      ["Lasted", sayDuration(end - incident.started_at)],
      ["Occurrences", String(incident.occurrence_count)],
      ["Type", incident.event_type === incident.last_event_type ? incident.event_type :
        `${incident.event_type}, at last ${incident.last_event_type}`],
      ["Source", incident.source],
      ["Correlation", incident.correlation_id],
      ["Deployment", incident.deployment && link("deployment", incident.deployment)],
      ["Remediation", incident.remediation && sayRemediation(incident.remediation)],
      ["Id", incident.id],
    ]),
    occurrences(incident),
    ...listing("Deployments of this service in the day before",
      deploymentsBefore(incident, world).map((deployment) => lead(deployment, incident))),
  ];
}

function serviceDetail(service, world, key) {
  const incidents = incidentsByPlace(world).get(key) ?? [];
  const window = windowOf(world);
  const availability =
    availabilityOf(service, world.nodes.get(service.node), incidents, window);
  const deployments = [...world.deployments.values()]
    .filter((deployment) => concerns(deployment, service.node, service.service))
    .sort((a, b) => momentOf(b) - momentOf(a));
  return [
    facts([
      ["Status", sayStatus(service)],
      ["Since", exactly(service.status_since)],
      ["Last seen", exactly(service.last_seen)],
      ["Last healthy", exactly(service.last_healthy)],
      ["Last failure", exactly(service.last_failure)],
      ["Role", service.role],
      ["Declared", service.declared ? "yes" : "no"],
      ["Monitored", service.monitored ? "yes" : "no"],
      ["Availability", `${sayShare(availability.share)} of the hours its node was heard in, 7 days`],
    ]),
    availabilityStrip(availability, window),
    ...listing("Containers", service.containers.map(containerRow)),
    ...listing("Incidents",
      incidents.sort((a, b) => b.started_at - a.started_at).map(incidentRow)),
    ...listing("Deployments", deployments.map(deploymentRow)),
  ];
}

function deploymentDetail(deployment, world) {
  return [
    element("p", { class: "head" }, badge(deployment.status)),
    element("p", { class: "message" }, deployment.message ?? "without a message"),
    facts([
      ["What", sayServices(deployment)],
      ["Stage", deployment.stage],
      ["Began", exactly(deployment.started_at)],
      ["Ended", exactly(deployment.ended_at)],
      ["Took", deployment.started_at === null || deployment.ended_at === null ? null :
        sayDuration(deployment.duration_seconds * SECOND)],
      ["Attempts", String(deployment.attempts)],
      ["By", deployment.source],
      ["Diagnostics", deployment.diagnostics.join(", ")],
      ["Id", deployment.id],
    ]),
    ...listing("Incidents of its services in the six hours after",
      incidentsAfter(deployment, world).map(incidentRow)),
  ];
}

// kind of link: the document, the title, the rest
const KINDS = new Map([
  ["incident", ["incidents", placeOf, incidentDetail]],
  ["service", ["services", placeOf, serviceDetail]],
  ["deployment", ["deployments", ({ id }) => id, deploymentDetail]],
]);

function contentOf(wanted, world) {
  const [document, titleOf, detail] = KINDS.get(wanted.kind);
  const found = world?.[document].get(wanted.key);
  if (!found) {
    const why = world === null ? "The world isn't loaded." :
      `There is no such ${wanted.kind} in this world; what is long over isn't shown any more.`;
    return { title: wanted.key, data: why, make: () => element("p", {}, why) };
  }
  return {
    title: `${wanted.kind} ${titleOf(found)}`,
    data: [found, world.generatedAt],
    make: () => element("div", {}, ...detail(found, world, wanted.key)),
  };
}

/** @param wanted what readLink() said, or null for nothing */
export function drawDetail(aside, world, wanted) {
  aside.hidden = wanted === null;
  if (wanted !== null) {
    const { title, data, make } = contentOf(wanted, world);
    setText(aside.querySelector("h2"), title);
    fill(aside.querySelector("#detail-body"), [{ key: JSON.stringify(wanted), data, make }]);
  }
}
