// Deployments: those that need somebody first, then the latest.

import { element } from "../dom.js";
import { showsDeployment } from "../filter.js";
import { SECOND, sayDuration } from "../time.js";
import { momentOf } from "../world.js";
import { age, badge, dotted, fillSection, link, quote, sayCount, setCount } from "./part.js";

const isOpen = ({ status }) => status === "in_progress" || status === "stalled";

const byUrgency = (a, b) => isOpen(b) - isOpen(a) || momentOf(b) - momentOf(a);

export function sayServices({ services, nodes }) {
  const what = services.length === 0 ? "unnamed services" :
    services.includes("all") ? "all services" : services.join(", ");
  return `${what} on ${nodes.join(", ")}`;
}

export function deploymentRow(deployment) {
  const { id, status, message, stage, source, duration_seconds: seconds } = deployment;
  return element("li", { class: status === "completed" ? "deployment over" : "deployment" },
    element("p", { class: "head" }, badge(status), link("deployment", id), age(momentOf(deployment))),
    element("p", { class: "message" }, quote(sayServices(deployment)),
      ...(status === "completed" || message === null ? [] : [" — ", quote(message)])),
    element("p", { class: "facts" }, ...dotted(
      stage === null ? null : ["stage ", quote(stage)],
      deployment.ended_at === null ? null : `took ${sayDuration(seconds * SECOND)}`,
      deployment.attempts > 1 ? `${deployment.attempts} attempts` : null,
      source === null ? null : ["by ", quote(source)])));
}

export function drawDeployments(section, world, page) {
  const all = [...world.deployments.values()];
  const shown = all.filter((deployment) => showsDeployment(page.filter, deployment)).sort(byUrgency);
  setCount(section, sayCount(shown.length, all.length));
  fillSection(section, page, shown.map((deployment) => ({
    key: deployment.id, data: deployment, make: () => deploymentRow(deployment),
  })), all.length === 0 ? "No deployment in the last months." : "None that the filter shows.");
}
