// Why the world isn't NOMINAL: the rules of homelab-world(5), a row each. Pure.

import { DAY } from "./time.js";
import { concerns, isActive, momentOf, placeOf } from "./world.js";

const PRESSURES = ["disk_pressure", "memory_pressure", "cpu_pressure"];

const nodesWhere = (world, test) =>
  [...world.nodes].filter(([, node]) => test(node)).map(([name]) => ({ name, node: name }));

const incidentsWhere = (world, test) =>
  [...world.incidents.values()].filter((incident) => isActive(incident) && test(incident))
    .map((incident) => ({ name: placeOf(incident), incident: incident.id }));

const services = (places) => places.map((name) => ({ name, service: name }));

const isAway = (node) => node.status === "offline" || node.status === "stale";
const isPermanent = (node) => node.connectivity === "permanent";

function pressures(world) {
  return [...world.nodes].flatMap(([name, node]) =>
    PRESSURES.filter((pressure) => node[pressure] !== null).map((pressure) =>
      ({ name: `${name} ${pressure.replace("_pressure", "")} ${node[pressure]}`, node: name })));
}

const isNewer = (one, other) =>
  momentOf(one) > momentOf(other) || (momentOf(one) === momentOf(other) && one.id > other.id);

/** Places a deployment is the newest of; "all" stands for those of a node nobody named. */
function placesOf(deployment, world, named) {
  return deployment.nodes.flatMap((node) => {
    const names = named.get(node) ?? new Set(["all"]);
    return [...names].filter((name) => concerns(deployment, node, name))
      .map((name) => `${node}/${name}`);
  });
}

/** The services of each node, from services.json and from deployments. */
function servicesByNode(world) {
  const named = new Map();
  const add = (node, service) => {
    named.set(node, (named.get(node) ?? new Set()).add(service));
  };
  world.services.forEach(({ node, service }) => add(node, service));
  world.deployments.forEach(({ nodes, services: names }) =>
    nodes.forEach((node) => names.filter((name) => name !== "all").forEach((name) => add(node, name))));
  return named;
}

/** Those that no newer deployment replaces everywhere. */
function standing(world) {
  const named = servicesByNode(world);
  const newest = new Map();
  for (const deployment of world.deployments.values()) {
    for (const place of placesOf(deployment, world, named)) {
      if (!newest.has(place) || isNewer(deployment, newest.get(place))) {
        newest.set(place, deployment);
      }
    }
  }
  return new Set(newest.values());
}

function deployments(world, status) {
  return [...standing(world)].filter((deployment) => deployment.status === status &&
    world.generatedAt - (deployment.ended_at ?? deployment.started_at) <= 7 * DAY)
    .map(({ id }) => ({ name: id, deployment: id }));
}

// what it is, in one and in several; how bad; and which
const RULES = [
  ["critical incident", "critical incidents", "critical",
    (world) => incidentsWhere(world, (incident) => incident.severity === "critical")],
  ["node away", "nodes away", "critical",
    (world) => nodesWhere(world, (node) => isAway(node) && isPermanent(node))],
  ["active incident", "active incidents", "degraded",
    (world) => incidentsWhere(world, (incident) => incident.severity !== "critical")],
  ["intermittent node away", "intermittent nodes away", "degraded",
    (world) => nodesWhere(world, (node) => isAway(node) && !isPermanent(node))],
  ["node never heard of", "nodes never heard of", "degraded",
    (world) => nodesWhere(world, (node) => node.status === "unknown" && isPermanent(node))],
  ["pressure", "pressures", "degraded", pressures],
  ["service missing", "services missing", "degraded",
    (world) => services(world.summary.drift.missing)],
  ["service silent", "services silent", "degraded",
    (world) => services(world.summary.drift.silent)],
  ["deployment failed", "deployments failed", "degraded", (world) => deployments(world, "failed")],
  ["deployment stalled", "deployments stalled", "degraded",
    (world) => deployments(world, "stalled")],
  ["topology is stale", "topology is stale", "degraded",
    (world) => (world.summary.topology === "stale" ? [{ name: "the last good one is used" }] : [])],
  ["error of the inventory", "errors of the inventory", "degraded",
    (world) => world.summary.inventory_errors.map((name) => ({ name }))],
];

// Which is no part of the verdict: what is shown is the world as it was last made.
function failures(world) {
  const { message } = world.summary.observation.last_error;
  return message === null ? [] : [{ name: message }];
}

/**
 * @returns rows {level, count, label, subjects}, the worst first; a subject is {name} and, where there is
 * something to look at, `incident`, `service`, `node` or `deployment` with its key
 */
export function reasonsOf(world) {
  const always = [["observer failed", "observer failed", "degraded", failures]];
  const rules = world.summary.status === "NOMINAL" ? always : [...RULES, ...always];
  return rules.map(([one, several, level, find]) => {
    const subjects = find(world);
    return { level, count: subjects.length, label: subjects.length === 1 ? one : several, subjects };
  }).filter(({ count }) => count > 0);
}
