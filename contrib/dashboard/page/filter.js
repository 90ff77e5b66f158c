// What of the world is shown: all of it, one node, what a word is found in, what isn't well.

export const EVERYTHING = { node: "", word: "", unwell: false };

export const isFiltered = (filter) => filter.node !== "" || filter.word !== "" || filter.unwell;

const mentions = (filter, ...strings) =>
  filter.word === "" ||
  strings.some((string) => string?.toLowerCase().includes(filter.word.toLowerCase()));

const isOf = (filter, ...nodes) => filter.node === "" || nodes.includes(filter.node);

export const showsNode = (filter, name, node) =>
  isOf(filter, name) && mentions(filter, name, ...node.roles) &&
  !(filter.unwell && node.status === "online" && node.services.unhealthy === 0);

export const showsService = (filter, service) =>
  isOf(filter, service.node) && mentions(filter, service.service, service.node, service.role) &&
  !(filter.unwell && service.status === "healthy" && service.fresh);

export const showsIncident = (filter, incident) =>
  isOf(filter, incident.node) && !(filter.unwell && incident.status !== "active") &&
  mentions(filter, incident.service, incident.node, incident.message, incident.id);

export const showsDeployment = (filter, deployment) =>
  isOf(filter, ...deployment.nodes) && !(filter.unwell && deployment.status === "completed") &&
  mentions(filter, deployment.id, deployment.message, ...deployment.nodes, ...deployment.services);
