// A homelab of its own for a test: a tree, the real observer, the real nginx with the sample
// configuration, and real Chromium. Everything is on loopback and ends with the test.

import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const SOURCES = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const DASHBOARD = join(SOURCES, "contrib/dashboard");
const OBSERVER = join(SOURCES, process.env.OBSERVER ?? "build/homelab-observer");
const CHROMIUM = process.env.CHROMIUM ?? "chromium";

export const USER = { username: "operator", password: "only for tests" };

const run = promisify(execFile);

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => { server.once("listening", resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

/** Waits until something answers there. */
async function answers(url, server) {
  for (;;) {
    if (server.exitCode !== null) {
      throw new Error(`${server.spawnargs.join(" ")} ended with ${server.exitCode}`);
    }
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }
}

/** A server that is up, as a function that ends it. */
export async function serve(command, options, url) {
  const server = spawn(command, options, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve) => { server.once("exit", resolve); });
  await answers(url, server);
  return async () => {
    server.kill("SIGTERM");
    await ended;
  };
}

/** A tree that the real observer makes a world in. */
export class Homelab {
  static async make() {
    const homelab = new Homelab();
    homelab.root = await mkdtemp(join(tmpdir(), "homelab-web-"));
    homelab.world = join(homelab.root, "world");
    return homelab;
  }

  /** The homelab of the fixtures. */
  static async demo() {
    const homelab = await Homelab.make();
    const fixture = join(SOURCES, "fixtures/homelab");
    for (const part of ["events", "inventory", "hosts", "state"]) {
      await cp(join(fixture, part), join(homelab.root, part), { recursive: true });
    }
    homelab.now = (await readFile(join(fixture, "now"), "utf8")).trim();
    return homelab.observe();
  }

  async write(path, text) {
    const place = join(this.root, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, text);
  }

  /** Events as lines of one file; the day is that of the first. */
  async say(node, events, name = "events") {
    const lines = events.map((event) => JSON.stringify({ node, ...event }));
    await this.write(`events/${events[0].timestamp.slice(0, 10)}/${node}/${name}.jsonl`,
      `${lines.join("\n")}\n`);
  }

  async observe(...options) {
    await run(OBSERVER, ["--root", this.root, "--quiet", "--settle", "0",
      ...(this.now ? ["--now", this.now] : []), ...options]);
    return this;
  }

  async document(name) {
    return JSON.parse(await readFile(join(this.world, `${name}.json`), "utf8"));
  }

  /** Puts other bytes in the place of a document, as the observer does. */
  async replace(name, change) {
    const place = join(this.world, `${name}.json`);
    await writeFile(`${place}.new`, change(await readFile(place, "utf8")));
    await rename(`${place}.new`, place);
  }

  /** Makes this what history.json tells, also to the summary where that knows of it; null: no file. */
  async record(history) {
    const text = `${JSON.stringify(history, null, 2)}\n`;
    await rm(join(this.world, "history.json"), { force: true });
    if (history !== null) {
      await this.write("world/history.json", text);
    }
    await this.replace("runtime-summary", (before) => {
      const summary = JSON.parse(before);
      if (summary.files["history.json"] && history === null) {
        delete summary.files["history.json"];
      } else if (summary.files["history.json"]) {
        const sha256 = createHash("sha256").update(text).digest("hex");
        summary.files["history.json"] = { bytes: Buffer.byteLength(text), sha256 };
      }
      return JSON.stringify(summary);
    });
  }

  async remove() {
    await rm(this.root, { recursive: true });
  }
}

/** The sample configuration with the paths and the port of a test. */
export async function sampleOf(name, world, port, passwords) {
  const text = await readFile(join(DASHBOARD, name), "utf8");
  return text.replaceAll("127.0.0.1:8080", `127.0.0.1:${port}`)
    .replaceAll("/usr/share/homelab-observer/dashboard", join(DASHBOARD, "page"))
    .replaceAll("/opt/homelab/world", world)
    .replaceAll("/etc/nginx/homelab.htpasswd", passwords);
}

/** nginx with the sample configuration: {url, log, stop}. */
export async function startNginx(homelab) {
  const directory = await mkdtemp(join(tmpdir(), "homelab-nginx-"));
  const port = await freePort();
  const passwords = join(directory, "passwords");
  const log = join(directory, "access.log");
  await writeFile(passwords, `${USER.username}:{PLAIN}${USER.password}\n`);
  await writeFile(join(directory, "site.conf"),
    await sampleOf("nginx.conf", homelab.world, port, passwords));
  await writeFile(join(directory, "nginx.conf"), `
    ${process.getuid() === 0 ? "user root;" : ""}
    daemon off;
    worker_processes 1;
    pid ${directory}/pid;
    events { worker_connections 64; }
    http {
      include /etc/nginx/mime.types;
      log_format short '$status $request_uri';
      access_log ${log} short;
      client_body_temp_path ${directory}/body;
      proxy_temp_path ${directory}/proxy;
      fastcgi_temp_path ${directory}/fastcgi;
      uwsgi_temp_path ${directory}/uwsgi;
      scgi_temp_path ${directory}/scgi;
      include ${directory}/site.conf;
    }`);
  const url = `http://127.0.0.1:${port}/`;
  const end = await serve("/usr/sbin/nginx",
    ["-c", join(directory, "nginx.conf"), "-e", join(directory, "error.log")], url);
  return {
    url,
    requests: async () => (await readFile(log, "utf8")).trim().split("\n"),
    stop: async () => {
      await end();
      await rm(directory, { recursive: true });
    },
  };
}

let browser = null;

export async function startBrowser() {
  browser ??= await chromium.launch({
    executablePath: CHROMIUM.startsWith("/") ? CHROMIUM : `/usr/bin/${CHROMIUM}`,
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
  return browser;
}

export async function stopBrowser() {
  await browser?.close();
}

/**
 * A tab. What the page must never do is collected in `tab.faults`: dialogs, exceptions, violations of the
 * Content-Security-Policy.
 * @param at  when the browser's clock starts, or null for the real one
 */
export async function openTab({ at = null, width = 1280, height = 900, colorScheme = "light" } = {}) {
  const context = await (await startBrowser()).newContext({
    viewport: { width, height }, colorScheme, httpCredentials: USER, timezoneId: "UTC",
    reducedMotion: "reduce",
  });
  const tab = await context.newPage();
  tab.setDefaultTimeout(20_000);
  tab.faults = [];
  tab.on("dialog", (dialog) => { tab.faults.push(dialog.message()); dialog.dismiss(); });
  tab.on("pageerror", (error) => tab.faults.push(String(error)));
  tab.on("console", (message) => {
    if (/Content.Security|Trusted/i.test(message.text())) {
      tab.faults.push(message.text());
    }
  });
  if (at !== null) {
    await tab.clock.install({ time: at });
  }
  tab.close = () => context.close();
  return tab;
}

/** So long after the world was made. */
export const later = (homelab, seconds) => new Date(Date.parse(homelab.now) + seconds * 1000);

/** Waits until the banner says so. */
export const says = (tab, state) =>
  tab.locator(`#banner[data-state="${state}"]`).waitFor({ state: "attached" });
