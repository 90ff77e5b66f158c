// The page's modules that need no browser, against independent expectations.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { DASHBOARD } from "./site.js";

const PAGE = join(DASHBOARD, "page");
const load = (name) => import(join(PAGE, name));

const { sha256 } = await load("sha256.js");
const { sayDuration, sayAge } = await load("time.js");
const { judge, sight } = await load("freshness.js");
const { readLink, linkTo } = await load("link.js");
const { availabilityOf, windowOf, sayShare } = await load("availability.js");
const { readWorld } = await load("world.js");
const { reasonsOf } = await load("reasons.js");

const MINUTE = 60_000;

test("sha256 is what another implementation says, at every length around a block", () => {
  for (const length of [...Array(130).keys(), 1_000_001]) {
    const bytes = randomBytes(length);
    assert.equal(sha256(bytes), createHash("sha256").update(bytes).digest("hex"), `${length} bytes`);
  }
});

test("durations and ages", () => {
  const said = [[0, "0 s"], [59_999, "59 s"], [60_000, "1 m"], [3_599_000, "59 m"], [3_600_000, "1 h"],
    [5_400_000, "1 h 30 m"], [86_400_000, "1 d"], [90_061_000, "1 d 1 h"], [-5, "0 s"]];
  said.forEach(([duration, text]) => assert.equal(sayDuration(duration), text));
  assert.equal(sayAge(1000, 181_000), "3 m ago");
  assert.equal(sayAge(181_000, 1000), "in 3 m");
});

const world = (status = "NOMINAL") => ({ generatedAt: 1_000_000, summary: { status } });
const clocks = (wall, steady = 0) => ({ wall, steady });

test("the world is the present for two minutes, not longer", () => {
  const sighted = sight(world(), clocks(1_000_000), null);
  const at = (age) => judge(sighted, null, clocks(1_000_000 + age, age)).state;
  assert.equal(at(2 * MINUTE), "NOMINAL");
  assert.equal(at(2 * MINUTE + 1), "UNKNOWN");
  const verdict = judge(sighted, null, clocks(1_000_000 + 5 * MINUTE, 5 * MINUTE));
  assert.equal(verdict.since, 1_000_000 + 2 * MINUTE);
});

test("a clock that is set back, and one that stood still, make no world younger", () => {
  const sighted = sight(world("CRITICAL"), clocks(1_060_000, 500), null);
  assert.equal(judge(sighted, null, clocks(1_060_000, 500)).state, "CRITICAL");
  assert.equal(judge(sighted, null, clocks(1_000_500, 500 + 2 * MINUTE)).state, "UNKNOWN", "set back");
  assert.equal(judge(sighted, null, clocks(1_000_000 + 9 * MINUTE, 600)).state, "UNKNOWN", "asleep");
  assert.equal(judge(sighted, null, clocks(1_000_000 - 3 * MINUTE, 600)).state, "UNKNOWN", "future");
});

test("a world that is loaded again is as old as it was", () => {
  const first = sight(world(), clocks(1_000_000, 0), null);
  const again = sight(world(), clocks(1_000_000, 90_000), first);
  assert.equal(judge(again, null, clocks(1_000_000, 119_000)).state, "NOMINAL");
  assert.equal(judge(again, null, clocks(1_000_000, 121_000)).state, "UNKNOWN");
});

test("what can't be loaded is unknown at once, since then", () => {
  const failure = { since: 1_005_000, reason: "the server can't be reached" };
  const verdict = judge(sight(world(), clocks(1_000_000), null), failure, clocks(1_006_000, 6000));
  assert.deepEqual([verdict.state, verdict.since, verdict.why],
    ["UNKNOWN", 1_005_000, "the server can't be reached"]);
  const old = judge(sight(world(), clocks(1_000_000), null), failure, clocks(1_300_000, 300_000));
  assert.equal(old.since, 1_005_000, "and not since it is old");
  assert.equal(judge(null, null, clocks(1)).state, "UNKNOWN");
  assert.equal(judge(sight(world("__proto__"), clocks(1_000_000), null), null, clocks(1_000_000)).state,
    "UNKNOWN");
});

test("links survive every name", () => {
  for (const key of ["a/b", "<img src=x>", "%E0%A4%A", "#service=x", "__proto__", "ü/\u202E", "a\nb", ""]) {
    assert.deepEqual(readLink(linkTo("service", key)), { kind: "service", key });
  }
  assert.equal(readLink("#constructor=x"), null);
  assert.equal(readLink(""), null);
  assert.deepEqual(readLink("#incident=%E0%A4%A"), { kind: "incident", key: "%E0%A4%A" });
});

const HOUR = 60 * MINUTE;
const moment = (text) => Date.parse(text);

function measure(heard, incidents, lastSeen = 1) {
  const window = windowOf({ generatedAt: moment("2026-05-12T12:30:00Z") });
  return availabilityOf({ last_seen: lastSeen }, { heard }, incidents, window);
}

test("availability leaves out what isn't known", () => {
  const noon = moment("2026-05-12T12:00:00Z");
  const incident = (from, to) => ({ started_at: from, resolved_at: to });
  const always = "1".repeat(168);
  assert.equal(measure(always, []).share, 1);
  assert.equal(measure("0".repeat(168), []).share, null);
  assert.equal(measure(always, [], null).share, null, "never reported");
  // half an hour of 167.5 hours
  assert.equal(measure(always, [incident(noon - HOUR, noon - HOUR / 2)]).share, 1 - 0.5 / 167.5);
  // two that overlap count once, one that is open to the present
  assert.equal(measure(always, [incident(noon - HOUR, noon), incident(noon - HOUR / 2, null)]).share,
    1 - 1.5 / 167.5);
  // heard in the last two hours only, down from before them to the middle of the first
  assert.equal(measure("0".repeat(166) + "11", [incident(0, noon - HOUR / 2)]).share, 1 - 0.5 / 1.5);
  // down only while nobody heard the node
  assert.equal(measure("1" + "0".repeat(166) + "1", [incident(noon - 9 * HOUR, noon)]).share, 1);
  assert.equal(sayShare(0.99999), "99.99 %");
  assert.equal(sayShare(1), "100 %");
});

const documents = (parts) => new Map(Object.entries({
  "runtime-summary.json": { status: "DEGRADED", generated_at: "2026-05-12T12:30:00Z", topology: "present" },
  "nodes.json": {}, "services.json": {}, "incidents.json": {}, "deployments.json": {}, ...parts,
}));

test("keys of the world are data", () => {
  const read = readWorld(documents({ "services.json": JSON.parse('{"__proto__": {"node": "oak"}}') }));
  assert.equal(read.services.get("__proto__").node, "oak");
  assert.equal(read.services.size, 1);
  assert.equal({}.node, undefined);
});

test("whatever is of a wrong type is nothing", () => {
  for (const wrong of [null, 7, "x", [], [null], { a: null }, { a: 7 }, { a: { nodes: 7, started_at: {} } }]) {
    const read = readWorld(documents({ "incidents.json": wrong, "nodes.json": wrong,
      "services.json": wrong, "deployments.json": wrong }));
    assert.ok(Array.isArray(reasonsOf(read)));
  }
  assert.throws(() => readWorld(documents({ "runtime-summary.json": {} })), /of when/);
});

test("changes beyond the committed generation aren't told", () => {
  const batch = (generation) => ({ generation, events: [{ kind: "node_added", key: "oak" }] });
  const read = readWorld(documents({
    "history.json": { generation: 2, batches: [batch(1), batch(2), batch(3)] } }));
  assert.deepEqual(read.history.map(({ generation }) => generation), [2, 1]);
});

const deployment = (id, started, status, services, nodes = ["oak"]) => ({
  id, status, services, nodes, started_at: started, ended_at: status === "stalled" ? null : started,
});

function labels(parts) {
  const read = readWorld(documents(parts));
  return reasonsOf(read).map(({ label, subjects }) => `${label}: ${subjects.map(({ name }) => name)}`);
}

const deploymentsOf = (...list) => ({ "deployments.json": Object.fromEntries(list.map((one) => [one.id, one])) });

test("a failed deployment is a reason until newer ones replace it everywhere", () => {
  const failed = deployment("a", "2026-05-11T10:00:00Z", "failed", ["web", "mail"]);
  const later = (services) => deployment("b", "2026-05-11T11:00:00Z", "completed", services);
  assert.deepEqual(labels(deploymentsOf(failed)), ["deployment failed: a"]);
  assert.deepEqual(labels(deploymentsOf(failed, later(["web"]))), ["deployment failed: a"]);
  assert.deepEqual(labels(deploymentsOf(failed, later(["web", "mail"]))), []);
  assert.deepEqual(labels(deploymentsOf(failed, later(["all"]))), []);
  assert.deepEqual(labels(deploymentsOf(deployment("a", "2026-05-01T10:00:00Z", "failed", ["web"]))), []);
});

test("why the world isn't nominal", () => {
  const node = (status, connectivity = "permanent", more = {}) => ({ status, connectivity, ...more });
  assert.deepEqual(labels({ "nodes.json": {
    a: node("offline"), b: node("stale", "intermittent"), c: node("unknown"), d: node("online"),
    e: node("online", "permanent", { disk_pressure: "high" }) } }),
  ["node away: a", "intermittent node away: b", "node never heard of: c", "pressure: e disk high"]);
});

test("a failing observer is said whatever the verdict", () => {
  const failed = { cycle: 7, observed_at: "2026-05-12T12:00:00Z", source_count: 2, stage: "poll", message: "disk full" };
  for (const status of ["NOMINAL", "DEGRADED"]) {
    const summary = { status, generated_at: "2026-05-12T12:30:00Z", observation: { last_error: failed } };
    assert.deepEqual(labels({ "runtime-summary.json": summary }), ["observer failed: disk full"]);
  }
});

async function sources(directory = PAGE) {
  const entries = await readdir(directory, { recursive: true });
  return Promise.all(entries.filter((name) => /\.(js|html)$/.test(name))
    .map(async (name) => [name, await readFile(join(directory, name), "utf8")]));
}

test("no source makes markup or code of strings, or needs style attributes", async () => {
  const files = await sources();
  assert.ok(files.length > 20);
  for (const [name, text] of files) {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, name);
    assert.doesNotMatch(text, /style:|\sstyle=|\son[a-z]+=|https?:\/\/(?!www\.w3\.org)/, name);
  }
});
