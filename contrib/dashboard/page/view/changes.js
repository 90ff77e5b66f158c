// What changed lately, the latest first, as history.json tells it: a row of the table for each kind.

import { element } from "../dom.js";
import { age, dotted, fillSection, link, quote, setCount } from "./part.js";

const words = (value) => (value ?? "none").replaceAll("_", " ");

const turns = (what) => (change) => [what(change), ` ${words(change.from)} → ${words(change.to)}`];
const node = (change) => element("span", { class: "name" }, change.node ?? change.key);
const service = (change) => link("service", change.key);
const incident = (change) => link("incident", change.key, `${change.node}/${change.service}`);
const deployment = (change) => link("deployment", change.key);
const says = (what, said) => (change) => [what(change), " ", ...[said(change)].flat(2)];

const instead = ({ replaced_by: id }) => (id === null ? [] : [", now ", quote(id)]);
const message = (change) => (change.message === null ? [] : [": ", quote(change.message)]);

const drift = (change) => [`drift, ${words(change.key)}: `,
  ...dotted(...change.added.map((place) => ["+ ", quote(place)]),
    ...change.removed.map((place) => ["− ", quote(place)]))];

// kind; the mark it has; how it is told
const KINDS = new Map([
  ["world_rebuilt", [null, () => ["the world was made anew"]]],
  ["node_added", [null, says(node, ({ to }) => `is new, ${words(to)}`)]],
  ["node_removed", [null, says(node, () => "is gone")]],
  ["node_status_changed", ["to", turns(node)]],
  ["pressure_changed", [null, turns(({ key }) => element("span", { class: "name" }, words(key)))]],
  ["service_added", ["to", says(service, ({ to }) => `is new, ${words(to)}`)]],
  ["service_removed", [null, says(({ key }) => quote(key), () => "is gone")]],
  ["service_status_changed", ["to", turns(service)]],
  ["incident_opened", ["severity", says(incident, (change) => ["incident", message(change)])]],
  ["incident_recurred", ["severity", says(incident, ({ to }) => `incident, ${to} times by now`)]],
  ["incident_severity_changed", ["severity", turns(incident)]],
  ["incident_resolved", ["resolved", says(incident, (change) => ["incident resolved", message(change)])]],
  ["incident_reopened", ["severity", says(incident, (change) => ["incident reopened", message(change)])]],
  ["incident_withdrawn", [null, says(incident, (change) => ["incident withdrawn", instead(change)])]],
  ["incident_expired", [null, says(incident, () => "incident expired")]],
  ["deployment_started", ["in_progress", says(deployment, () => "started")]],
  ["deployment_finished", ["to", says(deployment, (change) => [words(change.to), message(change)])]],
  ["deployment_stalled", ["stalled", says(deployment, () => "stalled")]],
  ["deployment_withdrawn", [null, says(deployment, (change) => ["withdrawn", instead(change)])]],
  ["deployment_expired", [null, says(deployment, () => "expired")]],
  ["drift_changed", [null, drift]],
  ["status_changed", ["to", turns(() => element("strong", {}, "the homelab:"))]],
]);

const untold = [null, ({ kind, key }) => [`${words(kind)}: `, quote(key)]];

function row(change) {
  const [mark, tell] = KINDS.get(change.kind) ?? untold;
  const status = mark === "to" || mark === "severity" ? change[mark] : mark;
  return element("li", { class: "change" },
    element("span", { class: "mark", "data-status": status }),
    element("span", { class: "message" }, ...tell(change)), age(change.at));
}

export function drawChanges(section, world, page) {
  const batches = world.history ?? [];
  const changes = batches.flatMap(({ generation, events }) =>
    [...events].reverse().map((change) => [generation, change]));
  setCount(section, world.history === null ? "" : `${changes.length}`);
  fillSection(section, page, changes.map(([generation, change]) => ({
    key: `${generation} ${change.kind} ${change.key}`, data: change, make: () => row(change),
  })), world.history === null ? "Nothing was recorded." : "Nothing changed yet.");
}
