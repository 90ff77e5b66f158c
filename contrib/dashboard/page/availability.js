// How much of the last 168 hours a service was there. Pure.
//
// Down is the time of its incidents. Hours in which its node wasn't heard are unknown: they count neither
// as there nor as down, and the figure is of the rest.

import { HOUR } from "./time.js";
import { placeOf } from "./world.js";

const HOURS = 168;

/** From the beginning of the first hour of `heard` to the moment the world is of. */
export function windowOf(world) {
  const hour = Math.floor(world.generatedAt / HOUR) * HOUR;
  return { start: hour - (HOURS - 1) * HOUR, end: world.generatedAt };
}

/** Runs of hours in which the node was heard, as [from, to] within the window. */
export function heardSpans(node, { start, end }) {
  const heard = node?.heard ?? "";
  const spans = [];
  for (let i = 0; i < HOURS; i++) {
    const last = spans[spans.length - 1];
    const from = start + i * HOUR;
    const to = Math.min(from + HOUR, end);
    if (heard[i] !== "1") {
      continue;
    }
    if (last && last[1] === from) {
      last[1] = to;
    } else {
      spans.push([from, to]);
    }
  }
  return spans;
}

const lengthOf = (spans) => spans.reduce((sum, [from, to]) => sum + to - from, 0);

/** Overlapping spans become one. */
function merge(spans) {
  const merged = [];
  for (const [from, to] of spans.sort(([a], [b]) => a - b)) {
    const last = merged[merged.length - 1];
    if (last && from <= last[1]) {
      last[1] = Math.max(last[1], to);
    } else {
      merged.push([from, to]);
    }
  }
  return merged;
}

/** What two sorted lists of spans have in common. */
function intersect(left, right) {
  const common = [];
  for (let i = 0, k = 0; i < left.length && k < right.length;) {
    const from = Math.max(left[i][0], right[k][0]);
    const to = Math.min(left[i][1], right[k][1]);
    if (from < to) {
      common.push([from, to]);
    }
    if (left[i][1] < right[k][1]) {
      i++;
    } else {
      k++;
    }
  }
  return common;
}

const spanOf = (incident, { start, end }) =>
  [Math.max(incident.started_at, start), Math.min(incident.resolved_at ?? end, end)];

/** @returns {known, down: spans, share: of the known time, from 0 to 1, or null where none is known} */
export function availabilityOf(service, node, incidents, window) {
  const known = service.last_seen === null ? [] : heardSpans(node, window);
  const failing = merge(incidents.map((incident) => spanOf(incident, window)));
  const down = intersect(failing, known);
  const time = lengthOf(known);
  return { known, down, share: time === 0 ? null : 1 - lengthOf(down) / time };
}

/** The incidents of each service, in a Map by "node/service". */
export function incidentsByPlace(world) {
  const places = new Map();
  for (const incident of world.incidents.values()) {
    const place = placeOf(incident);
    if (places.has(place)) {
      places.get(place).push(incident);
    } else {
      places.set(place, [incident]);
    }
  }
  return places;
}

/** "99.98 %", rounded down, so that only what was never down is "100 %". */
export function sayShare(share) {
  if (share === null) {
    return "unknown";
  }
  return share === 1 ? "100 %" : `${(Math.floor(share * 10000) / 100).toFixed(2)} %`;
}
