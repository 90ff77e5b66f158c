// An old world is never shown as the present, and what can't be loaded is unknown at once: the real page
// over real nginx, the browser's clock turned by the test.

import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import test, { after } from "node:test";
import { Homelab, later, openTab, says, startNginx, stopBrowser } from "./site.js";
import { nominal } from "./worlds.js";

after(stopBrowser);

/** A homelab, its server and a tab that shows it as the present. */
function watch(promise, check) {
  test(promise, async () => {
    const homelab = await nominal();
    const nginx = await startNginx(homelab);
    const tab = await openTab({ at: later(homelab, 5) });
    try {
      await tab.goto(nginx.url);
      await says(tab, "NOMINAL");
      await check(tab, { homelab, nginx });
      assert.deepEqual(tab.faults, []);
    } finally {
      await tab.close();
      await nginx.stop();
      await homelab.remove();
    }
  });
}

/** Everything that says so, not only the banner. */
async function isUnknown(tab, why) {
  await says(tab, "UNKNOWN");
  assert.match(await tab.title(), /^UNKNOWN/);
  assert.equal(await tab.getAttribute("#icon", "href"), "icons/unknown.svg");
  assert.match(await tab.textContent("#past"), /What follows is past/);
  assert.match(await tab.textContent("#why"), why);
  assert.match(await tab.textContent("#age"), /last known NOMINAL, as of 12 May, 12:30:00/);
}

/** Lets the page refresh until it says so. */
async function refreshUntil(tab, state) {
  for (let i = 0; i < 40 && await tab.getAttribute("#banner", "data-state") !== state; i++) {
    await tab.clock.runFor(1000);
    await tab.waitForTimeout(50);
  }
  await says(tab, state);
}

watch("two minutes, not a second longer", async (tab, { homelab }) => {
  await tab.clock.pauseAt(later(homelab, 119));
  await tab.clock.runFor(1000);
  assert.equal(await tab.textContent("#state"), "NOMINAL");
  await tab.clock.runFor(1000);
  await isUnknown(tab, /since 12 May, 12:32:00: the world is 2 m old/);
});

watch("asleep for hours: unknown with the first tick", async (tab) => {
  await tab.clock.fastForward("09:00:00");
  await isUnknown(tab, /since 12 May, 12:32:00: the world is 9 h old/);
});

watch("a tab looked at again says so before any timer does", async (tab, { homelab }) => {
  await tab.clock.setFixedTime(later(homelab, 3600));
  const state = await tab.evaluate(() => {
    document.dispatchEvent(new Event("visibilitychange"));
    return document.querySelector("#state").textContent;
  });
  assert.equal(state, "UNKNOWN");
});

watch("a clock set back by an hour doesn't make it the present", async (tab, { homelab }) => {
  await tab.clock.setSystemTime(later(homelab, -3600));
  await tab.clock.runFor(1000);
  await isUnknown(tab, /dated 59 m in the future: a clock is wrong/);
});

watch("a clock set back a little doesn't keep an old world young", async (tab, { homelab }) => {
  for (let i = 0; i < 9; i++) {
    await tab.clock.runFor(14_000);
    await tab.clock.setSystemTime(later(homelab, 5));
  }
  await isUnknown(tab, /2 m old/);
});

watch("the server is gone: unknown at once, and back with it", async (tab) => {
  await tab.route("**/world/*", (route) => route.abort("connectionrefused"));
  await refreshUntil(tab, "UNKNOWN");
  await isUnknown(tab, /since .*: runtime-summary.json: the server can't be reached/);
  await tab.unroute("**/world/*");
  await refreshUntil(tab, "NOMINAL");
  assert.equal(await tab.locator("#past:visible").count(), 0);
});

watch("no answer: unknown when patience ends", async (tab) => {
  await tab.route("**/world/*", () => {});
  await refreshUntil(tab, "UNKNOWN");
  await isUnknown(tab, /no answer within 10 s/);
});

watch("no summary, and one that is cut off", async (tab, { homelab }) => {
  const summary = join(homelab.world, "runtime-summary.json");
  await rename(summary, `${summary}.away`);
  await refreshUntil(tab, "UNKNOWN");
  await isUnknown(tab, /runtime-summary.json: the server has no such file/);
  await rename(`${summary}.away`, summary);
  await refreshUntil(tab, "NOMINAL");
  await homelab.replace("runtime-summary", (text) => text.slice(0, text.length / 2));
  await refreshUntil(tab, "UNKNOWN");
  await isUnknown(tab, /runtime-summary.json isn't JSON/);
});

watch("documents that don't belong together are never shown", async (tab, { homelab }) => {
  const before = await tab.textContent("#services");
  const { sha256 } = (await homelab.document("runtime-summary")).files["services.json"];
  await homelab.replace("services", (text) => text.replaceAll("database", "mixture0"));
  await homelab.replace("runtime-summary", (text) => text.replace("NOMINAL", "CRITICAL")
    .replace(sha256, "0".repeat(64)));
  await refreshUntil(tab, "UNKNOWN");
  await isUnknown(tab, /services.json doesn't belong to the summary/);
  assert.equal(await tab.textContent("#services"), before);
});

watch("half a commit is waited for", async (tab, { homelab }) => {
  await homelab.say("oak", [{ timestamp: "2026-05-12T12:30:00Z", type: "service_unhealthy", service: "web",
    severity: "critical", message: "all disks are gone" }], "late");
  await homelab.observe();
  const whole = {};
  for (const name of ["incidents", "services", "nodes"]) {
    whole[name] = await homelab.document(name);
    await homelab.replace(name, () => "{}\n");
  }
  for (let i = 0; i < 8; i++) {
    await tab.clock.runFor(1000);
    await tab.waitForTimeout(30);
    assert.notEqual(await tab.textContent("#state"), "CRITICAL");
  }
  for (const [name, document] of Object.entries(whole)) {
    await homelab.replace(name, () => `${JSON.stringify(document, null, 2)}\n`);
  }
  await homelab.observe("--reset");
  await refreshUntil(tab, "CRITICAL");
  assert.match(await tab.textContent("#incidents"), /all disks are gone/);
});

test("a world that never was there", async () => {
  const homelab = await Homelab.make();
  const nginx = await startNginx(homelab);
  const tab = await openTab();
  try {
    await tab.goto(nginx.url);
    await tab.locator("#why >> text=no such file").waitFor();
    assert.equal(await tab.title(), "UNKNOWN · homelab");
    assert.equal(await tab.locator("main:visible").count(), 0);
  } finally {
    await tab.close();
    await nginx.stop();
    await homelab.remove();
  }
});

test("without JavaScript the page says that it knows nothing", async () => {
  const homelab = await nominal();
  const nginx = await startNginx(homelab);
  const tab = await openTab();
  try {
    await tab.route("**/*.js", (route) => route.abort());
    await tab.goto(nginx.url);
    assert.match(await tab.textContent("#verdict"), /UNKNOWN.*hasn't been loaded/s);
  } finally {
    await tab.close();
    await nginx.stop();
    await homelab.remove();
  }
});
