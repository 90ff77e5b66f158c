"""A small Docker engine for tests of homelab-agent's own logic: containers are what a test says.

    with Engine(path) as engine:
        web = engine.add("web")
        web.die(1)
        ...
        engine.starts                   # ids of those the agent started
        engine.asked                    # what it was asked for: /containers/json, …

What real engines do is tested in tests/agent.
"""

import contextlib
import http.server
import json
import os
import pathlib
import socket
import socketserver
import threading
import time
import urllib.parse


def rfc3339(at):
    seconds, fraction = divmod(int(at), 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%09dZ" % fraction


class Container:
    def __init__(self, engine, identity, name, labels, policy):
        self.engine, self.id, self.name, self.labels = engine, identity, name, labels
        self.created = time.time_ns()
        self.state, self.exit_code, self.restarts = "created", 0, 0
        self.started = self.finished = None
        self.health, self.log, self.policy = None, b"", policy
        self.age = "Less than a second"         # as lists say it: so it's always looked into

    def start(self, at=None):
        self.state, self.started = "running", at or time.time_ns()
        self.engine.happened(self, "start")
        return self

    def die(self, code, at=None):
        self.state, self.exit_code, self.finished = "exited", code, at or time.time_ns()
        self.engine.happened(self, "die", exitCode=str(code))
        return self

    def stop(self):
        """As `docker stop` does, of what doesn't mind SIGTERM."""
        self.engine.happened(self, "kill", signal="15")
        self.die(143)
        self.engine.happened(self, "stop")
        return self

    def remove(self):
        with self.engine.lock:
            del self.engine.containers[self.id]
        self.engine.happened(self, "destroy")

    def status(self):
        return {"running": "Up " + self.age, "created": "Created"}.get(
            self.state, "Exited (%d) %s ago" % (self.exit_code, self.age))

    def entry(self):
        return {"Id": self.id, "Names": ["/" + self.name], "State": self.state,
                "Status": self.status()}

    def whole(self):
        state = {"Status": self.state, "Running": self.state == "running", "OOMKilled": False,
                 "ExitCode": self.exit_code,
                 "StartedAt": rfc3339(self.started) if self.started else "0001-01-01T00:00:00Z",
                 "FinishedAt": rfc3339(self.finished) if self.finished else "0001-01-01T00:00:00Z"}
        if self.health:
            state["Health"] = {"Status": self.health}
        return {"Id": self.id, "Name": "/" + self.name, "Created": rfc3339(self.created),
                "Image": "sha256:" + "5" * 64, "State": state, "RestartCount": self.restarts,
                "HostConfig": {"RestartPolicy": {"Name": self.policy}},
                "Config": {"Image": "test:1", "Labels": self.labels, "Tty": True}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Api-Version", "1.41")
        self.send_header("Server", "Docker/test")
        self.end_headers()
        self.wfile.write(body)

    def answer_json(self, value):
        self.answer(200, json.dumps(value).encode())

    def do_GET(self):
        engine, url = self.server.engine, urllib.parse.urlsplit(self.path)
        words = [word for word in url.path.split("/") if word]
        if words and words[0].startswith("v1."):
            words = words[1:]
        engine.asked.append("/" + "/".join(words))
        if engine.broken:
            return self.answer(500, b'{"message": "broken"}')
        if words == ["_ping"]:
            return self.answer(200, b"OK", "text/plain")
        if words == ["version"]:
            return self.answer_json({"Version": "0.1", "ApiVersion": "1.41",
                                     "MinAPIVersion": "1.12", "Os": "linux"})
        if words == ["containers", "json"]:
            return self.answer_json([c.entry() for c in engine.all()])
        if words == ["events"]:
            return self.tell_events(engine, urllib.parse.parse_qs(url.query))
        found = engine.find(words[1]) if len(words) == 3 and words[0] == "containers" else None
        if found is None:
            return self.answer(404, b'{"message": "no such container"}')
        if words[2] == "logs":
            return self.answer(200, found.log, "application/octet-stream")
        return self.answer_json(found.whole())

    def tell_events(self, engine, query):
        since = float(query.get("since", ["0"])[0]) * 10**9
        engine.listens.wait()
        told = len(engine.events)
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if "until" in query:
            for event in engine.events:
                if event["timeNano"] >= since:
                    self.wfile.write(json.dumps(event).encode() + b"\n")
            return
        self.wfile.flush()
        while not engine.closed:
            with engine.news:
                engine.news.wait(0.2)
            for event in engine.events[told:]:
                told += 1
                self.wfile.write(json.dumps(event).encode() + b"\n")
                self.wfile.flush()

    def do_POST(self):
        engine = self.server.engine
        words = urllib.parse.urlsplit(self.path).path.split("/")
        found, what = engine.find(words[-2]), words[-1]
        if found is None or engine.refuses:
            return self.answer(404 if found is None else 500, b'{"message": "it refuses"}')
        if what == "start":
            engine.starts.append(found.id)
            if found.state == "running":
                return self.answer(304)
            found.start()
        if what == "stop":
            engine.stops.append(found.id)
            if found.state != "running":
                return self.answer(304)
            found.stop()
        return self.answer(204)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments):
        self.requests = []
        super().__init__(*arguments)

    def get_request(self):
        request, _ = super().get_request()
        self.requests.append(request)
        return request, ("unix", 0)

    def handle_error(self, *_):
        pass  # whoever asked is gone


class Engine:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.runtime = "docker:%s" % path
        self.lock, self.news = threading.RLock(), threading.Condition()
        self.containers, self.events, self.starts, self.stops = {}, [], [], []
        self.asked = []
        self.listens = threading.Event()        # else its streams are long in coming
        self.listens.set()
        self.broken = self.refuses = self.closed = False
        self.server = None

    def up(self):
        self.closed = False
        self.server = Server(str(self.path), Handler)
        self.server.engine = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def down(self):
        if self.server is None:
            return
        self.closed = True
        self.listens.set()
        self.server.shutdown()
        self.server.server_close()
        for request in self.server.requests:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        self.server = None
        if self.path.exists():
            os.unlink(self.path)

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()

    def add(self, name, labels=None, identity=None, policy="no"):
        identity = identity or "%064x" % (0xabc000 + len(self.events) * 256 + len(self.containers))
        container = Container(self, identity, name, labels or {}, policy)
        with self.lock:
            self.containers[identity] = container
        self.happened(container, "create")
        return container

    def all(self):
        with self.lock:
            return list(self.containers.values())

    def find(self, identity):
        with self.lock:
            return self.containers.get(identity)

    def happened(self, container, action, **attributes):
        self.events.append({"Type": "container", "Action": action, "timeNano": time.time_ns(),
                            "Actor": {"ID": container.id, "Attributes": attributes}})
        with self.news:
            self.news.notify_all()
