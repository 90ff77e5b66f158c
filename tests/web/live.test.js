// The page beside a real observer that runs again and again, by the real clock.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { Homelab, openTab, says, startNginx, stopBrowser } from "./site.js";

after(stopBrowser);

const NODES = ["oak", "elm", "ash"];
const SERVICES = Array.from({ length: 40 }, (_, i) => `service-${i}`);

const now = () => new Date().toISOString();

async function start() {
  const homelab = await Homelab.make();
  await homelab.write("inventory/topology.yaml",
    `nodes:\n${NODES.map((node) => `  ${node}: {heartbeat_ttl: 1h}\n`).join("")}`);
  for (const node of NODES) {
    await homelab.say(node, [{ timestamp: now(), type: "service_healthy", payload: { services: SERVICES } }]);
  }
  return homelab.observe();
}

/** The observer every second, until the function it returns is called. */
function keepObserving(homelab) {
  let running = true;
  const done = (async () => {
    while (running) {
      await homelab.observe();
      await new Promise((resolve) => { setTimeout(resolve, 1000); });
    }
  })();
  return () => { running = false; return done; };
}

let number = 0;
const say = (homelab, node, event) => homelab.say(node, [{ timestamp: now(), ...event }], `live-${number++}`);

async function checkNews(tab, homelab) {
  await says(tab, "NOMINAL");
  await tab.selectOption("#filter-node", "elm");
  await tab.locator(".chip").nth(20).focus();
  const focused = await tab.evaluate("document.activeElement.textContent");
  const scrolled = await tab.evaluate("scrollY");
  assert.ok(scrolled > 0);

  await say(homelab, "elm", { type: "service_unhealthy", service: "service-7", severity: "critical", message: "gone" });
  await says(tab, "CRITICAL");
  assert.match(await tab.textContent("#incidents"), /critical.*elm\/service-7.*gone/s);
  assert.match(await tab.title(), /^CRITICAL · 1 incident/);
  assert.equal(await tab.locator(".chip .mark[data-status=unhealthy]").count(), 1);
  assert.equal(await tab.evaluate("document.activeElement.textContent"), focused, "the focus stays");
  assert.equal(await tab.inputValue("#filter-node"), "elm", "the filter stays");
  const moved = await tab.evaluate(() => document.activeElement.getBoundingClientRect().top);
  assert.ok(moved > 0 && moved < 500, "what was looked at is still there");

  await tab.evaluate(() => { document.querySelector("#incidents a").focus({ preventScroll: true }); });
  await say(homelab, "elm", { type: "service_unhealthy", service: "service-7", severity: "critical", message: "still gone" });
  await tab.locator("#incidents .rows >> text=still gone").waitFor();
  assert.equal(await tab.evaluate("document.activeElement.textContent"), "elm/service-7",
    "the focus stays on a row that is made anew");

  await say(homelab, "elm", { type: "service_recovered", service: "service-7" });
  await says(tab, "NOMINAL");
  await tab.locator("#incidents .badge >> text=resolved").waitFor();
}

test("changes are shown as they are committed; scroll, filter and focus stay", async () => {
  const homelab = await start();
  const nginx = await startNginx(homelab);
  const tab = await openTab({ height: 500 });
  const stop = keepObserving(homelab);
  try {
    await tab.goto(nginx.url);
    await checkNews(tab, homelab);
    assert.deepEqual(tab.faults, []);
  } finally {
    await stop();
    await tab.close();
    await nginx.stop();
    await homelab.remove();
  }
});
