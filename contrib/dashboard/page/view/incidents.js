// Incidents, the active ones first.

import { element } from "../dom.js";
import { showsIncident } from "../filter.js";
import { severityRank } from "../timeline.js";
import { isActive, placeOf } from "../world.js";
import { age, badge, dotted, fillSection, link, plural, quote, sayCount, setCount } from "./part.js";

export function sayRemediation({ started_at, completed_at, source }) {
  const by = source === null ? [] : ["by ", quote(source), " "];
  return completed_at === null ? ["remediation ", ...by, "started ", age(started_at)] :
    ["remediation ", ...by, "completed ", age(completed_at)];
}

const byUrgency = (a, b) => isActive(b) - isActive(a) ||
  (isActive(a) ? severityRank(b.severity) - severityRank(a.severity) : b.resolved_at - a.resolved_at) ||
  b.last_occurrence - a.last_occurrence;

export function incidentRow(incident) {
  const active = isActive(incident);
  const count = plural(incident.occurrence_count, "time");
  return element("li", { class: active ? "incident" : "incident over" },
    element("p", { class: "head" },
      active ? badge(incident.severity) : badge("resolved"),
      link("incident", incident.id, placeOf(incident)),
      age(active ? incident.started_at : incident.resolved_at)),
    incident.message === null ? null : element("p", { class: "message" }, incident.message),
    element("p", { class: "facts" }, ...dotted(
      active ? [`${count}, last `, age(incident.last_occurrence)] :
        [`${incident.severity}, ${count}, began `, age(incident.started_at)],
      active && incident.remediation ? sayRemediation(incident.remediation) : null)));
}

export function drawIncidents(section, world, page) {
  const all = [...world.incidents.values()];
  const shown = all.filter((incident) => showsIncident(page.filter, incident)).sort(byUrgency);
  setCount(section,
    `${plural(shown.filter(isActive).length, "active", "active")} · ${sayCount(shown.length, all.length)}`);
  fillSection(section, page, shown.map((incident) => ({
    key: incident.id, data: incident, make: () => incidentRow(incident),
  })), all.length === 0 ? "No incident in the last days." : "None that the filter shows.");
}
