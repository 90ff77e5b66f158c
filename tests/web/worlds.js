// Homelabs that tests look at, made by the real observer from events.

import { Homelab } from "./site.js";

const NOW = Date.parse("2026-05-12T12:30:00Z");
const HOUR = 3600_000;

const at = (hoursAgo) => new Date(NOW - hoursAgo * HOUR).toISOString().replace(".000", "");

async function start(nodes) {
  const homelab = await Homelab.make();
  homelab.now = at(0);
  await homelab.write("inventory/topology.yaml",
    `nodes:\n${nodes.map((node) => `  ${JSON.stringify(node)}: {roles: [apps], heartbeat_ttl: 2h}\n`).join("")}`);
  return homelab;
}

/** A week of hourly reports, by which everything is well. */
const reports = (services) => Array.from({ length: 168 }, (_, i) => ({
  timestamp: at(167.1 - i), type: "service_healthy", payload: { services },
}));

export async function nominal() {
  const homelab = await start(["oak", "elm", "ash"]);
  await homelab.say("oak", reports(["web", "mail", "dns"]));
  await homelab.say("elm", reports(["database", "cache"]));
  await homelab.say("ash", reports(["backup"]));
  await homelab.say("oak", [
    { timestamp: at(30), type: "deployment_started", correlation_id: "web-41", payload: { services: ["web"] } },
    { timestamp: at(29.9), type: "deployment_completed", correlation_id: "web-41", payload: { services: ["web"] } },
  ], "deploy");
  return homelab.observe();
}

export async function degraded() {
  const homelab = await nominal();
  await homelab.say("oak", [
    { timestamp: at(0.05), type: "service_unhealthy", service: "mail", severity: "warning",
      message: "queue of 120 messages" },
  ], "trouble");
  return homelab.observe();
}

export async function empty() {
  const homelab = await Homelab.make();
  homelab.now = at(0);
  return homelab.observe("--no-topology");
}

// What somebody who may write events could try; each has to be seen as it is.
export const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(2)</script>",
  "\"><svg onload=alert(3)>",
  "' onmouseover='alert(4)",
  "javascript:alert(5)",
  "__proto__",
  "constructor",
  "toString",
  "#incident=__proto__",
  "%E0%A4%A",
  "{{7*7}}${7*7}",
  "\u202Egnp.exe",
  "x".repeat(200),
];

export async function hostile() {
  const homelab = await start(["oak"]);
  const services = HOSTILE.map((service, i) => [
    { timestamp: at(5 - i / 60), type: "service_unhealthy", service, severity: "error",
      message: `message of ${service}`, source: service, correlation_id: service },
    { timestamp: at(4 - i / 60), type: service, service, message: service },
    { timestamp: at(4.5 - i / 60), type: "container_started", service, payload: { container: {
      name: service, image: service, runtime: service, state: "failed", exit_code: 1, oom_killed: true,
      supervision: { state: service } } } },
    { timestamp: at(3 - i / 60), type: "deployment_failed", correlation_id: `deploy ${service}`,
      message: service, payload: { services: [service], diagnostics: [service], stage: service } },
  ]).flat().sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  await homelab.say("oak", [
    ...services,
    { timestamp: at(0.1), type: "node_health", payload: { "<b>cpu</b>_percent": 7 } },
  ]);
  return homelab.observe();
}

/** 1,000 services on 10 nodes, 5,000 incidents, 50 of them active. */
export async function large() {
  const nodes = Array.from({ length: 10 }, (_, i) => `node-${i}`);
  const homelab = await start(nodes);
  for (const node of nodes) {
    const events = [];
    for (let i = 0; i < 100; i++) {
      for (let k = 0; k < 5; k++) {
        const first = 160 - 30 * k - i / 10;
        events.push({ timestamp: at(first), type: "service_unhealthy", service: `service-${i}`,
          severity: ["warning", "error"][k % 2], message: `failure ${k} of service ${i}` });
        if (k < 4 || i >= 5) {
          events.push({ timestamp: at(first - 0.5), type: "service_recovered", service: `service-${i}` });
        }
      }
    }
    events.push({ timestamp: at(0.1), type: "node_health" });
    await homelab.say(node, events.sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1)));
  }
  return homelab.observe();
}
