// What the page shows of a world, in real Chromium, served by the real nginx with the sample configuration.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import test, { after, before } from "node:test";
import { Homelab, later, openTab, startNginx, stopBrowser } from "./site.js";
import { degraded, empty, hostile, HOSTILE, large, nominal } from "./worlds.js";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const sites = new Map();

before(async () => {
  const makers = { demo: Homelab.demo, nominal, degraded, empty, hostile, large };
  for (const [name, make] of Object.entries(makers)) {
    const homelab = await make();
    sites.set(name, { homelab, nginx: await startNginx(homelab) });
  }
});

after(async () => {
  await stopBrowser();
  for (const { homelab, nginx } of sites.values()) {
    await nginx.stop();
    await homelab.remove();
  }
});

/** A test with the page of a site open, `age` seconds after the world was made. */
function look(promise, { site = "demo", hash = "", age = 12, ...options }, check) {
  test(promise, async () => {
    const { homelab, nginx } = sites.get(site);
    const tab = await openTab({ at: later(homelab, age), ...options });
    try {
      await tab.goto(nginx.url + hash);
      await tab.locator("main").waitFor();
      await check(tab, { homelab, nginx });
      assert.deepEqual(tab.faults, []);
    } finally {
      await tab.close();
    }
  });
}

const texts = (tab, selector) => tab.locator(selector).allTextContents();
const count = (tab, selector) => tab.locator(selector).count();

look("the demo's verdict, with its reasons, in the banner, the title and the icon", {}, async (tab) => {
  assert.equal(await tab.textContent("#state"), "CRITICAL");
  assert.match(await tab.title(), /^CRITICAL · 3 incidents/);
  assert.equal(await tab.getAttribute("#icon", "href"), "icons/critical.svg");
  assert.match(await tab.textContent("#age"), /as of 11 May, 06:30:00, 1\d s ago/);
  assert.deepEqual(await texts(tab, "#reasons li"), [
    "1 critical incident: saturn/nextcloud-db",
    "2 active incidents: saturn/immich-ml, saturn/nextcloud",
    "1 intermittent node away: chelsty-infra",
    "1 pressure: saturn memory high",
    "1 service missing: nas/urbackup",
    "1 service silent: vps/umami",
    "1 deployment failed: deploy-20260510-exporters",
    "1 deployment stalled: deploy-20260509-vector",
  ]);
});

look("the demo's nodes, services, incidents and deployments", {}, async (tab, { homelab }) => {
  const summary = await homelab.document("runtime-summary");
  assert.equal(await count(tab, ".card"), summary.nodes.total);
  assert.equal(await count(tab, ".chip"), summary.services.total);
  assert.equal(await count(tab, ".chip .mark[data-status=unhealthy]"), summary.services.unhealthy);
  const [offline] = await texts(tab, ".card");
  assert.match(offline, /chelsty-infra.*offline.*intermittent.*3 h 30 m ago.*9 healthy/);
  assert.match((await texts(tab, ".card")).join(), /saturn.*3 unhealthy.*25 healthy.*memory high/);
  assert.deepEqual((await texts(tab, "#incidents li .head .badge")).slice(0, 4),
    ["critical", "error", "error", "resolved"]);
  assert.match(await tab.locator("#incidents li").first().textContent(),
    /nextcloud-db.*too many clients.*13 times.*remediation by operator/);
  assert.match((await texts(tab, "#deployments li"))[0], /in progress.*deploy-20260511-gitea/);
  await tab.click("#deployments .more button");
  assert.equal(await count(tab, "#deployments .rows > li"), summary.deployments.total);
});

look("without history.json it says that nothing was recorded", { site: "nominal" }, async (tab, { homelab }) => {
  await homelab.record(null);
  await tab.reload();
  await tab.locator("#changes .more >> text=Nothing was recorded.").waitFor();
  assert.equal(await tab.textContent("#state"), "NOMINAL");
});

const change = (kind, key, more) => ({
  kind, key, at: "2026-05-12T12:29:00Z", from: null, to: null, node: null, service: null, severity: null,
  message: null, ...more,
});

// one of each kind, and how it is told
const CHANGES = [
  [change("world_rebuilt", "world"), "the world was made anew"],
  [change("node_added", "elm", { node: "elm", to: "online" }), "elm is new, online"],
  [change("node_removed", "fir", { node: "fir", from: "offline" }), "fir is gone"],
  [change("node_status_changed", "oak", { node: "oak", from: "online", to: "stale" }), "oak online → stale"],
  [change("pressure_changed", "oak/disk_pressure", { node: "oak", to: "high" }), "oak/disk pressure none → high"],
  [change("service_added", "oak/web", { to: "healthy" }), "oak/web is new, healthy"],
  [change("service_removed", "oak/old", { from: "unknown" }), "oak/old is gone"],
  [change("service_status_changed", "oak/web", { from: "healthy", to: "unhealthy" }), "oak/web healthy → unhealthy"],
  [change("incident_opened", "inc-1", { node: "oak", service: "web", severity: "error", message: "down" }),
    "oak/web incident: down"],
  [change("incident_recurred", "inc-1", { node: "oak", service: "web", from: 1, to: 5 }),
    "oak/web incident, 5 times by now"],
  [change("incident_severity_changed", "inc-1", { node: "oak", service: "web", from: "error", to: "critical" }),
    "oak/web error → critical"],
  [change("incident_resolved", "inc-1", { node: "oak", service: "web", message: "down" }),
    "oak/web incident resolved: down"],
  [change("incident_reopened", "inc-1", { node: "oak", service: "web" }), "oak/web incident reopened"],
  [change("incident_withdrawn", "inc-1", { node: "oak", service: "web", replaced_by: "inc-2" }),
    "oak/web incident withdrawn, now inc-2"],
  [change("incident_expired", "inc-1", { node: "oak", service: "web" }), "oak/web incident expired"],
  [change("deployment_started", "d-1", { to: "in_progress" }), "d-1 started"],
  [change("deployment_finished", "d-1", { to: "failed", message: "no" }), "d-1 failed: no"],
  [change("deployment_stalled", "d-1", { to: "stalled" }), "d-1 stalled"],
  [change("deployment_withdrawn", "d-1", { replaced_by: null }), "d-1 withdrawn"],
  [change("deployment_expired", "d-1"), "d-1 expired"],
  [change("drift_changed", "silent", { added: ["oak/web"], removed: ["oak/dns"] }),
    "drift, silent: + oak/web · − oak/dns"],
  [change("status_changed", "world", { from: "NOMINAL", to: "CRITICAL" }), "the homelab: NOMINAL → CRITICAL"],
  [change("__proto__", "<b>", {}), "  proto  : <b>"],
];

look("what changed is told, the latest first", { site: "degraded" }, async (tab, { homelab }) => {
  const batch = (generation, events) => ({ cycle: 1, generation, previous: generation - 1,
    observed_at: "2026-05-12T12:29:30Z", source_count: 3, events });
  await homelab.record({ generation: 8, batches: [batch(7, CHANGES.map(([one]) => one)),
    batch(8, [change("node_added", "ash", { node: "ash", to: "online" })]),
    batch(9, [change("node_removed", "beyond", { node: "beyond" })])] });
  await tab.reload();
  await tab.click("#changes .more button");
  assert.deepEqual(await texts(tab, "#changes .message"),
    ["ash is new, online", ...CHANGES.map(([, told]) => told).reverse()]);
  assert.equal(await tab.locator("#changes time").first().textContent(), "1 m ago");
  await tab.click("#changes a >> text=oak/web >> nth=0");
  assert.match(await tab.textContent("#detail"), /inc-1/);
});

/** Counted minute by minute: heard, and of that not within an incident. */
function availability(node, incidents, now) {
  const hour = 3600_000;
  const first = Math.floor(now / hour) * hour - 167 * hour;
  let known = 0;
  let there = 0;
  for (let minute = first; minute < now; minute += 60_000) {
    if (node.heard[Math.floor((minute - first) / hour)] === "1") {
      known++;
      there += incidents.every((incident) => minute < Date.parse(incident.started_at) ||
        minute >= (incident.resolved_at === null ? now : Date.parse(incident.resolved_at)));
    }
  }
  return (100 * there) / known;
}

look("availability, as counted minute by minute", {}, async (tab, { homelab }) => {
  const nodes = await homelab.document("nodes");
  const incidents = Object.values(await homelab.document("incidents"));
  const rows = await tab.locator("#availability .lanes li").evaluateAll((items) =>
    items.map((item) => [item.querySelector("a").textContent, item.querySelector(".figure").textContent]));
  assert.ok(rows.length >= 20);
  for (const [key, figure] of rows) {
    const [node, service] = key.split("/");
    const wanted = availability(nodes[node],
      incidents.filter((one) => one.node === node && one.service === service), Date.parse(homelab.now));
    assert.ok(Math.abs(parseFloat(figure) - wanted) < 0.02, `${key}: ${figure}, counted ${wanted}`);
  }
  assert.ok(rows.some(([key]) => key === "lab/argocd"), "whose node is away every night");
});

look("the swimlane shows a failure right of the deployment before it", {}, async (tab) => {
  const lane = tab.locator("#timeline li", { has: tab.locator("a", { hasText: /^vps\/authelia$/ }) });
  const deployed = await lane.locator(".deploy path").boundingBox();
  const failed = await lane.locator("rect").boundingBox();
  const picture = await lane.locator(".strip").boundingBox();
  assert.ok(deployed.y + deployed.height <= failed.y + 2, "neither hides the other");
  // 6 May 10:30 and 10:42 of the seven days to 11 May 06:30
  const place = (hours) => picture.x + (picture.width * hours) / 168;
  assert.ok(Math.abs(deployed.x + deployed.width / 2 - place(52)) < 2);
  assert.ok(Math.abs(failed.x - place(52.2)) < 3);
  await tab.click("#spans button >> text=24 hours");
  assert.equal(await lane.count(), 0);
  assert.equal(await tab.getAttribute("#spans button >> text=24 hours", "aria-pressed"), "true");
});

look("a link to an incident shows it, with the deployment before it", {
  hash: "#incident=inc-1778064120-vps-authelia" }, async (tab) => {
  const detail = await tab.textContent("#detail");
  assert.match(detail, /incident vps\/authelia/);
  assert.match(detail, /502 Bad Gateway/);
  assert.match(detail, /12 m before: deploy-20260506-authelia/);
  await tab.click("#detail >> text=deploy-20260506-authelia");
  assert.match(await tab.textContent("#detail"), /deployment deploy-20260506-authelia.*vps\/authelia/s);
  assert.match(tab.url(), /#deployment=deploy-20260506-authelia$/);
});

look("a link to what isn't there any more says so", { hash: "#incident=__proto__" }, async (tab) => {
  assert.match(await tab.textContent("#detail"), /no such incident/);
});

look("filters by node, by word and by need, and back", {}, async (tab) => {
  await tab.selectOption("#filter-node", "nas");
  assert.equal(await tab.textContent("#services .count"), "14 of 102");
  assert.equal(await count(tab, ".card"), 1);
  await tab.fill("#filter-word", "SYNC");
  assert.deepEqual((await texts(tab, ".chip")).map((text) => text.split(" ")[0]), ["syncthing"]);
  await tab.click("#filter-reset");
  await tab.check("#filter-unwell");
  assert.equal(await count(tab, ".chip .mark[data-status=unhealthy]"), 3);
  assert.equal(await count(tab, ".over"), 0);
  await tab.click("#filter-reset");
  assert.equal(await count(tab, ".chip"), 102);
  await tab.click(".card button >> text=saturn");
  assert.equal(await tab.inputValue("#filter-node"), "saturn");
});

look("by keyboard alone: to an incident, into it, and back to where it was", {}, async (tab) => {
  await tab.keyboard.press("Tab");
  assert.equal(await tab.evaluate("document.activeElement.className"), "skip");
  await tab.keyboard.press("Enter");
  await tab.keyboard.press("Tab");
  const focused = () => tab.evaluate("document.activeElement.textContent");
  assert.equal(await focused(), "saturn/nextcloud-db");
  await tab.keyboard.press("Enter");
  await tab.locator("#detail").waitFor();
  assert.equal(await focused(), "incident saturn/nextcloud-db");
  await tab.keyboard.press("Tab");
  assert.equal(await focused(), "saturn/nextcloud-db", "the link to the service");
  await tab.keyboard.press("Escape");
  assert.equal(await count(tab, "#detail:visible"), 0);
  assert.equal(await focused(), "saturn/nextcloud-db");
  assert.doesNotMatch(tab.url(), /incident/);
});

look("what is skipped to isn't under the banner", { height: 500 }, async (tab) => {
  await tab.keyboard.press("Tab");
  await tab.keyboard.press("Enter");
  const banner = await tab.locator("#banner").boundingBox();
  const title = await tab.locator("#incidents-title").boundingBox();
  assert.ok(await tab.evaluate("scrollY") > 0);
  assert.ok(title.y >= banner.y + banner.height);
});

look("the documents are loaded once, the summary is asked for conditionally", {}, async (tab, { nginx }) => {
  const start = (await nginx.requests()).length;
  for (let i = 0; i < 3; i++) {
    const answered = tab.waitForResponse(/summary/);
    await tab.clock.runFor(5000);
    await answered;
  }
  await tab.waitForTimeout(300);
  const requests = (await nginx.requests()).slice(start).filter((request) => request.includes("/world/"));
  assert.ok(requests.length >= 3);
  requests.forEach((request) => assert.equal(request, "304 /world/runtime-summary.json"));
});

look("an empty world is nominal and says what isn't there", { site: "empty" }, async (tab) => {
  assert.equal(await tab.textContent("#state"), "NOMINAL");
  assert.equal(await tab.title(), "NOMINAL · homelab");
  for (const text of ["No incident", "No deployment", "No node", "No service", "No event"]) {
    assert.ok((await tab.textContent("main")).includes(text), text);
  }
});

look("what events say is text, whatever it is", { site: "hostile" }, async (tab, { homelab }) => {
  const shown = (text) => text.replace("\u202E", "\\u202e");
  const services = Object.values(await homelab.document("services")).map(({ service }) => service);
  assert.ok(services.length > 8);
  const chips = (await texts(tab, ".chip")).map((text) => text.replace(" unhealthy", ""));
  assert.deepEqual(chips.sort(), services.map(shown).sort());
  const types = Object.keys((await homelab.document("runtime-summary")).events.by_type);
  assert.ok(types.includes("__proto__"));
  assert.deepEqual((await texts(tab, "#events .label")).sort(), types.sort());
  await tab.click("#deployments .more button");
  const deployments = await tab.textContent("#deployments");
  HOSTILE.slice(0, 12).forEach((text) => assert.ok(deployments.includes(shown(text)), text));
  assert.equal(await count(tab, "main img, main script, main [onerror], main b"), 0);
  for (const service of services) {
    await tab.locator(".chip").nth(chips.indexOf(shown(service))).click();
    await tab.locator("#detail").waitFor();
    await tab.keyboard.press("Escape");
    await tab.locator("#detail").waitFor({ state: "hidden" });
  }
  for (const service of services) {
    await tab.evaluate((key) => { location.hash = `#service=${encodeURIComponent(key)}`; }, `oak/${service}`);
    await tab.waitForFunction((title) => document.querySelector("#detail-title").textContent === title,
      `service oak/${shown(service)}`);
    const detail = await tab.textContent("#detail");
    assert.match(detail, /message of/);
    assert.ok(detail.includes(`out of memory, exit 1 · ${shown(service)} · ${shown(service)}`), detail);
  }
});

look("names become no element's id and no code's", { site: "hostile" }, async (tab) => {
  const ids = await tab.locator("main [id]").evaluateAll((items) => items.map(({ id }) => id));
  assert.equal(new Set(ids).size, ids.length);
  ids.forEach((id) => assert.match(id, /^[a-z-]+$/));
  assert.equal(await count(tab, "[style]:not(html)"), 0);
});

look("1,000 services and 5,000 incidents: bounded, and quick", { site: "large", at: null }, async (tab, { nginx }) => {
  assert.equal(await count(tab, ".chip"), 1000);
  assert.equal(await count(tab, "#incidents .rows > li"), 12);
  assert.match(await tab.textContent("#incidents .count"), /50 active · 5000/);
  assert.equal(await count(tab, "#timeline .lanes li"), 22);
  assert.equal(await count(tab, "#availability .lanes li"), 20);
  assert.ok(await count(tab, "*") < 8000);
  await tab.click("#incidents .more button");
  assert.equal(await count(tab, "#incidents .rows > li"), 112);
  const session = await tab.context().newCDPSession(tab);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const used = async () => (await session.send("Performance.getMetrics")).metrics
    .find(({ name }) => name === "TaskDuration").value;
  const times = [];
  for (let i = 0; i < 5; i++) {
    await tab.goto("about:blank");
    const before = await used();
    await tab.goto(nginx.url);
    await tab.locator(".chip").first().waitFor();
    await tab.evaluate(() => new Promise((resolve) => { requestAnimationFrame(resolve); }));
    times.push(Math.round(1000 * (await used() - before)));
  }
  console.log(`1,000 services and 5,000 incidents, from nothing to the picture: ${times.join(", ")} ms ` +
    "of processor time");
});

for (const site of ["demo", "hostile", "large"]) {
  look(`nothing is cut off at any width: ${site}`, { site }, async (tab) => {
    for (const width of [360, 700, 1280, 2560]) {
      await tab.setViewportSize({ width, height: 900 });
      assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth) <= width, `${width}`);
    }
  });
}

for (const colorScheme of ["light", "dark"]) {
  for (const [site, hash, age] of [["demo", "", 12], ["demo", "", 600],
    ["demo", "#incident=inc-1778064120-vps-authelia", 12], ["demo", "#service=saturn%2Fnextcloud", 12],
    ["degraded", "", 12], ["empty", "", 12], ["hostile", "", 12]]) {
    look(`axe finds nothing: ${site}, ${age} s old, ${colorScheme} ${hash.slice(1)}`,
      { site, hash, age, colorScheme }, async (tab) => {
        await tab.evaluate(AXE);
        const { violations } = await tab.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(({ id, impact, nodes }) =>
          `${id} (${impact}): ${nodes.slice(0, 3).map(({ html }) => html).join(" ")}`), []);
      });
  }
}
