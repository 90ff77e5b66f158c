// The world as the page knows it: the documents of homelab-world(5), read into Maps.
//
// Names and keys come from events and may be anything, "__proto__" too: what is keyed by them is a Map,
// never an object. What isn't of its type becomes null or empty, so that no view has to ask.

export class WorldError extends Error {}

const text = (value) => (value === null || value === undefined ? null : String(value));
const number = (value) => (Number.isFinite(value) ? value : 0);
const flag = (value) => value === true;
const list = (value) => (Array.isArray(value) ? value : []);
const texts = (value) => list(value).map(String);
const members = (value) =>
  (value !== null && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : []);

const numbers = (value) => new Map(members(value).filter(([, entry]) => Number.isFinite(entry)));

function moment(value) {
  const read = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(read) ? null : read;
}

const moments = (value) => list(value).map(moment).filter((entry) => entry !== null);

/** An object with the members of `shape`, each made by the function the shape has for it. */
function read(shape, value) {
  const source = value ?? {};
  const made = {};
  for (const name of Object.keys(shape)) {
    made[name] = shape[name](Object.hasOwn(source, name) ? source[name] : null);
  }
  return made;
}

const within = (shape) => (value) => read(shape, value);
const orNull = (shape) => (value) => (members(value).length === 0 ? null : read(shape, value));

const NODE = {
  status: text, status_since: moment, first_seen: moment, last_seen: moment, roles: texts,
  connectivity: text, disk_pressure: text, memory_pressure: text, cpu_pressure: text,
  metrics: numbers, active_incidents: texts, heard: text, held: number,
  services: within({ total: number, healthy: number, unhealthy: number, unknown: number }),
};

const integer = (value) => (Number.isInteger(value) ? value : null);

const CONTAINER = {
  runtime: text, name: text, image: text, state: text, exit_code: integer, oom_killed: flag,
  started_at: moment, restarts: number,
  supervision: orNull({ state: text, backoff_until: moment }),
};

const SERVICE = {
  node: text, service: text, status: text, status_since: moment, last_seen: moment,
  last_healthy: moment, last_failure: moment, active_incidents: texts, fresh: flag, declared: flag,
  monitored: flag, role: text,
  containers: (value) => list(value).map((container) => read(CONTAINER, container)),
};

const INCIDENT = {
  id: text, node: text, service: text, status: text, severity: text, event_type: text,
  last_event_type: text, source: text, correlation_id: text, message: text, started_at: moment,
  last_occurrence: moment, occurrence_count: number, events: moments, resolved_at: moment,
  resolved_by: text, deployment: text,
  remediation: orNull({ started_at: moment, completed_at: moment, source: text }),
};

const DEPLOYMENT = {
  id: text, status: text, nodes: texts, services: texts, source: text, stage: text, message: text,
  attempts: number, started_at: moment, ended_at: moment, duration_seconds: number,
  diagnostics: texts,
};

const SUMMARY = {
  status: text, generated_at: moment, topology: text, inventory_errors: texts,
  incidents: within({ active: number }),
  drift: within({ missing: texts, silent: texts, undeclared: texts }),
  events: within({ accepted: number, by_type: numbers }),
  observation: within({
    generation: number, cycle: number, version: text, last_error: within({ message: text }),
  }),
};

const CHANGE = {
  kind: text, key: text, at: moment, from: text, to: text, node: text, service: text,
  severity: text, message: text, replaced_by: text, added: texts, removed: texts,
  occurrence_count: number,
};

const BATCH = {
  generation: number, observed_at: moment,
  events: (value) => list(value).map((change) => read(CHANGE, change)),
};

const document = (shape, value) =>
  new Map(members(value).map(([key, entry]) => [key, read(shape, entry)]));

/** The changes of history.json, the latest batch first; null where there is no such document. */
function readHistory(value) {
  if (value === null) {
    return null;
  }
  const { batches, generation } =
    read({ batches: list, generation: number }, value);
  return batches.map((batch) => read(BATCH, batch))
    .filter((batch) => batch.generation <= generation)
    .reverse();
}

/** @param documents a Map of the parsed documents by file name; without history.json where none is. */
export function readWorld(documents) {
  const summary = read(SUMMARY, documents.get("runtime-summary.json"));
  if (summary.generated_at === null) {
    throw new WorldError("the summary doesn't say of when it is");
  }
  return {
    summary,
    generatedAt: summary.generated_at,
    nodes: document(NODE, documents.get("nodes.json")),
    services: document(SERVICE, documents.get("services.json")),
    incidents: document(INCIDENT, documents.get("incidents.json")),
    deployments: document(DEPLOYMENT, documents.get("deployments.json")),
    history: readHistory(documents.get("history.json") ?? null),
  };
}

/** "node/service", the key of services.json. */
export const placeOf = (incident) => `${incident.node}/${incident.service}`;

export const isActive = (incident) => incident.status === "active";

/** When a deployment began, or ended where only that was reported; null where neither was. */
export const momentOf = (deployment) => deployment.started_at ?? deployment.ended_at;

/** Does the deployment concern this service? One that names none, or all, concerns every one. */
export function concerns(deployment, node, service) {
  const { nodes, services } = deployment;
  return nodes.includes(node) &&
    (services.length === 0 || services.includes("all") || services.includes(service));
}
