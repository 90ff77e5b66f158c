#!/usr/bin/env python3
"""Keep the homelab of the demo alive: live.py --observer PROGRAM --root DIR SCRIPT [ARGUMENT] ...

Makes DIR anew with the demo's week ending now. Then, until the Python script ends, nodes go on reporting,
now and then a service fails and recovers and something is deployed, and the real observer folds it.
"""

import argparse
import datetime
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys

import generate

TICK = 10  # seconds between two observations

# What happens again and again: the tick in a round of 30, node, type, service, message.
ROUND = [
    (2, "lab", "deployment_started", "harbor", "deploying harbor"),
    (4, "lab", "deployment_completed", "harbor", "deployed harbor"),
    (5, "lab", "service_unhealthy", "harbor", "registry: 503 Service Unavailable"),
    (7, "lab", "service_unhealthy", "harbor", "registry: 503 Service Unavailable"),
    (11, "lab", "service_recovered", "harbor", None),
    (14, "saturn", "healthcheck_failed", "jellyfin", "GET /health: timeout after 10 s"),
    (18, "saturn", "service_recovered", "jellyfin", None),
    (21, "nas", "disk_pressure_high", None, "/tank 94 % full"),
    (26, "nas", "disk_pressure_cleared", None, "old snapshots deleted"),
]


def write_event(root, node, kind, **fields):
    """As agents do: a hidden name first, then the one that counts."""
    now = datetime.datetime.now(datetime.timezone.utc)
    directory = os.path.join(root, "events", now.strftime("%Y-%m-%d"), node)
    os.makedirs(directory, exist_ok=True)
    name = "%s_%s.json" % (now.strftime("%Y%m%dT%H%M%S.%f"), kind)
    event = {"timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "node": node, "type": kind}
    event.update((key, value) for key, value in fields.items() if value is not None)
    with open(os.path.join(directory, "." + name), "w", encoding="utf-8") as file:
        json.dump(event, file)
    os.rename(os.path.join(directory, "." + name), os.path.join(directory, name))


def report_health(root, tick):
    """One node a tick; the one at the end of the LTE link stays silent."""
    nodes = sorted(set(generate.SERVICES) - {"chelsty-infra"})
    payload = {"cpu_percent": random.randint(3, 60), "mem_percent": random.randint(30, 80)}
    write_event(root, nodes[tick % len(nodes)], "node_health", payload=payload)


def go_on(root, tick):
    report_health(root, tick)
    for when, node, kind, service, message in ROUND:
        if tick % 30 != when:
            continue
        deployment = kind.startswith("deployment_")
        write_event(root, node, kind, service=service, message=message, source="demo",
                    severity="warning" if message and not deployment else None,
                    correlation_id="deploy-live-%d" % (tick // 30) if deployment else None)


def observe(options):
    subprocess.run([options.observer, "--root", options.root, "--settle", "0", "--quiet"],
                   stderr=subprocess.DEVNULL, check=True)


def main():
    parser = argparse.ArgumentParser(description="Keep the homelab of the demo alive.")
    parser.add_argument("--observer", required=True, help="the program homelab-observer")
    parser.add_argument("--root", required=True, help="the tree, made anew")
    parser.add_argument("script", nargs=argparse.REMAINDER, help="a Python script, while it runs")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    shutil.rmtree(options.root, ignore_errors=True)
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    generate.write_homelab(options.root, now)
    observe(options)
    with subprocess.Popen([sys.executable, "-B", *options.script]) as script:
        try:
            for tick in itertools.count():
                try:
                    sys.exit(script.wait(TICK))
                except subprocess.TimeoutExpired:
                    go_on(options.root, tick)
                    observe(options)
        except KeyboardInterrupt:
            pass
        finally:
            script.terminate()


if __name__ == "__main__":
    main()
