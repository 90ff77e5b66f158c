// Screenshots, to be looked at; SCREENSHOTS says where they go. Those of the README are made here, too.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import test, { after } from "node:test";
import { Homelab, later, openTab, says, SOURCES, startNginx, stopBrowser } from "./site.js";
import { degraded, empty, hostile, nominal } from "./worlds.js";

const FOLDER = join(SOURCES, process.env.SCREENSHOTS ?? "build/screenshots");

after(stopBrowser);

// a homelab, and of it: name, width, height, colour scheme, age, address, whole page
const PICTURES = [
  [Homelab.demo, [
    ["dashboard-dark", 1600, 1000, "dark", 12, ""],
    ["dashboard-week", 1600, 900, "light", 12, "", "#timeline"],
    ["dashboard-incident", 1280, 760, "light", 12, "#incident=inc-1778064120-vps-authelia"],
    ["dashboard-phone", 360, 740, "dark", 12, ""],
    ["demo-light", 1280, 900, "light", 12, "", "body"],
    ["demo-wall", 2560, 1440, "dark", 12, ""],
    ["demo-wall-light", 2560, 1440, "light", 12, ""],
    ["demo-phone", 360, 740, "light", 12, "", "body"],
    ["demo-service", 1280, 900, "dark", 12, "#service=lab%2Fargocd"],
    ["dashboard-unknown", 1280, 560, "light", 300, ""],
  ]],
  [nominal, [["nominal", 1280, 900, "dark", 12, ""], ["nominal-wall", 2560, 1440, "light", 12, ""]]],
  [degraded, [["degraded", 1280, 900, "light", 12, ""]]],
  [empty, [["empty", 1280, 900, "light", 12, ""], ["empty-phone", 360, 740, "dark", 12, ""]]],
  [hostile, [["hostile", 1280, 900, "light", 12, "", "body"], ["hostile-phone", 360, 740, "dark", 12, "", "body"]]],
];

const isOfReadme = (name) => name.startsWith("dashboard-");
const wanted = process.env.SCREENSHOTS?.startsWith("contrib/") ? isOfReadme : () => true;

async function take(homelab, nginx, [name, width, height, colorScheme, age, hash, part]) {
  const tab = await openTab({ at: later(homelab, age), width, height, colorScheme });
  await tab.goto(nginx.url + hash);
  await tab.locator("main").waitFor();
  await says(tab, age > 120 ? "UNKNOWN" : (await homelab.document("runtime-summary")).status);
  const path = join(FOLDER, `${name}.png`);
  if (part === undefined) {
    await tab.screenshot({ path });
  } else if (part === "body") {
    await tab.screenshot({ path, fullPage: true });
  } else {
    await tab.locator(part).screenshot({ path });
  }
  await tab.close();
}

for (const [make, pictures] of PICTURES) {
  test(`screenshots of ${make.name}`, async () => {
    await mkdir(FOLDER, { recursive: true });
    const homelab = await make();
    const nginx = await startNginx(homelab);
    try {
      for (const picture of pictures.filter(([name]) => wanted(name))) {
        await take(homelab, nginx, picture);
      }
    } finally {
      await nginx.stop();
      await homelab.remove();
    }
  });
}
