// What the sample configurations send, under the real servers; and the small server of make dashboard.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { DASHBOARD, freePort, Homelab, sampleOf, serve, startNginx, USER } from "./site.js";

const LOGIN = {
  Authorization: `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString("base64")}`,
};

let homelab;
before(async () => { homelab = await Homelab.demo(); });
after(() => homelab.remove());

const get = (url, headers = {}) => fetch(url, { headers: { ...LOGIN, ...headers } });

const policies = new Set();

async function checkServer(url) {
  const files = (await readdir(join(DASHBOARD, "page"), { recursive: true })).filter((name) => name.includes("."));
  const wanted = ["", ...files, ...["nodes", "services", "incidents", "deployments", "runtime-summary"]
    .map((name) => `world/${name}.json`)];
  for (const path of wanted) {
    const reply = await get(url + path);
    const policy = reply.headers.get("Content-Security-Policy");
    policies.add(policy);
    assert.equal(reply.status, 200, path);
    assert.match(policy, /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|data:|\*/, path);
    assert.equal(reply.headers.get("X-Content-Type-Options"), "nosniff", path);
    assert.equal(reply.headers.get("Cache-Control"), "no-cache", path);
    assert.ok((await reply.arrayBuffer()).byteLength > 0, path);
  }
  const kinds = [["", "text/html"], ["main.js", "text/javascript"], ["style.css", "text/css"],
    ["icons/critical.svg", "image/svg+xml"], ["world/nodes.json", "application/json"]];
  for (const [path, kind] of kinds) {
    assert.ok((await get(url + path)).headers.get("Content-Type").startsWith(kind), path);
  }
}

async function checkConditional(url) {
  const summary = `${url}world/runtime-summary.json`;
  const first = await get(summary);
  const tag = { "If-None-Match": first.headers.get("ETag") };
  assert.ok(Date.parse(first.headers.get("Last-Modified")) > 0);
  assert.equal((await get(summary, tag)).status, 304);
  assert.ok((await get(summary, tag)).headers.get("Content-Security-Policy"));
  await homelab.replace("runtime-summary", (text) => `${text}\n`);
  assert.equal((await get(summary, tag)).status, 200);
}

async function checkRefusals(url) {
  await homelab.write("world/.hidden.json", "{}");
  await homelab.write("world/secret.txt", "secret");
  const paths = ["world/", "world/.hidden.json", "world/secret.txt", "world/%2e%2e/state/observer_checkpoint.json",
    "world/..%2fstate%2fobserver_checkpoint.json", "state/observer_checkpoint.json", "nginx.conf"];
  for (const path of paths) {
    assert.ok([400, 403, 404].includes((await get(url + path)).status), path);
  }
}

async function checkLogin(url) {
  for (const path of ["", "main.js", "world/nodes.json"]) {
    const reply = await fetch(url + path);
    assert.equal(reply.status, 401, path);
    assert.ok(reply.headers.get("Content-Security-Policy"), path);
  }
}

const checks = [["what is there, with the policy", checkServer], ["304 where nothing changed", checkConditional],
  ["nothing else", checkRefusals]];

async function startCaddy() {
  const directory = await mkdtemp(join(tmpdir(), "homelab-caddy-"));
  const port = await freePort();
  const hash = execFileSync("caddy", ["hash-password", "--plaintext", USER.password], { encoding: "utf8" }).trim();
  const text = (await sampleOf("Caddyfile", homelab.world, port, "")).replace("PUT_THE_HASH_HERE", hash);
  await writeFile(join(directory, "Caddyfile"), `{\n\tadmin off\n\tlog {\n\t\toutput discard\n\t}\n}\n${text}`);
  const url = `http://127.0.0.1:${port}/`;
  process.env.XDG_DATA_HOME = directory;
  process.env.XDG_CONFIG_HOME = directory;
  const end = await serve("caddy", ["run", "--config", join(directory, "Caddyfile"), "--adapter", "caddyfile"], url);
  return { url, stop: async () => { await end(); await rm(directory, { recursive: true }); } };
}

async function startPython() {
  const server = spawn(process.env.PYTHON ?? "python3",
    ["-B", join(DASHBOARD, "serve.py"), "--world", homelab.world, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve) => { server.stdout.once("data", (data) => resolve(String(data))); });
  return { url: /http:\S+/.exec(line)[0], stop: async () => { server.kill("SIGTERM"); } };
}

const servers = [
  ["nginx", () => startNginx(homelab), [...checks, ["nothing without a password", checkLogin]]],
  ["Caddy", startCaddy, [...checks, ["nothing without a password", checkLogin]]],
  ["serve.py", startPython, checks],
];

for (const [name, start, promises] of servers) {
  test(name, async (t) => {
    const server = await start();
    try {
      for (const [promise, check] of promises) {
        await t.test(promise, () => check(server.url));
      }
    } finally {
      await server.stop();
    }
  });
}

test("all send the same policy", () => assert.equal(policies.size, 1));
