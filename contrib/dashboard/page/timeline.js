// The swimlane: what failed and what was deployed, over one axis. Pure.

import { DAY, HOUR } from "./time.js";
import { concerns, isActive, momentOf, placeOf } from "./world.js";
import { showsDeployment, showsIncident } from "./filter.js";

export const SPANS = [["7 days", 7 * DAY], ["24 hours", DAY]];

const MARKS = 400; // a lane holds no more: incidents nearer than that are drawn as one

const SEVERITIES = ["info", "warning", "error", "critical"];
export const severityRank = (severity) => SEVERITIES.indexOf(severity);

/** @returns {from, to, incidents, severity, active}: neighbours too near to tell apart become one mark */
function marksOf(incidents, { start, end }) {
  const nearest = (end - start) / MARKS;
  const marks = [];
  for (const incident of incidents.sort((a, b) => a.started_at - b.started_at)) {
    const from = Math.max(incident.started_at, start);
    const to = incident.resolved_at ?? end;
    const last = marks[marks.length - 1];
    if (last && from - last.from < nearest) {
      last.to = Math.max(last.to, to);
      last.incidents.push(incident);
    } else {
      marks.push({ from, to, incidents: [incident] });
    }
  }
  return marks.map((mark) => ({
    ...mark,
    active: mark.incidents.some(isActive),
    severity: mark.incidents.map(({ severity }) => severity)
      .reduce((worst, one) => (severityRank(one) > severityRank(worst) ? one : worst)),
  }));
}

function lanesOf(incidents) {
  const lanes = new Map();
  for (const incident of incidents) {
    const key = placeOf(incident);
    const lane = lanes.get(key) ??
      { key, node: incident.node, service: incident.service, incidents: [], active: false, latest: 0 };
    lane.incidents.push(incident);
    lane.active ||= isActive(incident);
    lane.latest = Math.max(lane.latest, incident.last_occurrence);
    lanes.set(key, lane);
  }
  return [...lanes.values()].sort((a, b) => b.active - a.active || b.latest - a.latest);
}

/** Midnights, or every fourth hour, of the browser's time zone. */
function ticksOf({ start, end }) {
  const tick = new Date(start);
  const step = end - start > DAY ? 24 : 4;
  tick.setMinutes(0, 0, 0);
  tick.setHours(Math.floor(tick.getHours() / step) * step);
  const ticks = [];
  while (tick.getTime() <= end) {
    if (tick.getTime() >= start) {
      ticks.push(tick.getTime());
    }
    tick.setHours(tick.getHours() + step);
  }
  return ticks;
}

/**
 * @param count how many lanes at most
 * @returns {start, end, ticks, deployments, lanes, hidden}: a lane has key, node, service, incidents,
 * marks, and deployments of its service; hidden is how many lanes there are beyond
 */
export function timelineOf(world, span, filter, count) {
  const window = { start: world.generatedAt - span, end: world.generatedAt };
  const incidents = [...world.incidents.values()].filter((incident) =>
    showsIncident(filter, incident) && (incident.resolved_at ?? window.end) >= window.start);
  const deployments = [...world.deployments.values()].filter((deployment) =>
    showsDeployment(filter, deployment) && momentOf(deployment) >= window.start)
    .sort((a, b) => momentOf(a) - momentOf(b));
  const lanes = lanesOf(incidents);
  return {
    ...window,
    ticks: ticksOf(window),
    deployments,
    hidden: Math.max(0, lanes.length - count),
    lanes: lanes.slice(0, count).map((lane) => ({
      ...lane,
      marks: marksOf(lane.incidents, window),
      deployments: deployments.filter((one) => concerns(one, lane.node, lane.service)),
    })),
  };
}

/** Deployments of an incident's service that began in the day before it, the latest first. */
export function deploymentsBefore(incident, world) {
  return [...world.deployments.values()].filter((deployment) => {
    const lead = incident.started_at - momentOf(deployment);
    return lead >= 0 && lead <= DAY && concerns(deployment, incident.node, incident.service);
  }).sort((a, b) => momentOf(b) - momentOf(a));
}

/** Incidents of a deployment's services that began within six hours of it, the first first. */
export function incidentsAfter(deployment, world) {
  return [...world.incidents.values()].filter((incident) => {
    const delay = incident.started_at - momentOf(deployment);
    return delay >= 0 && delay <= 6 * HOUR && concerns(deployment, incident.node, incident.service);
  }).sort((a, b) => a.started_at - b.started_at);
}
