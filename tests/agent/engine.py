"""The Docker Engine API over a unix socket, as far as tests need it to lead containers."""

import http.client
import json
import socket
import urllib.parse


class Refused(AssertionError):
    """An answer that isn't 2xx or 304."""


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    def __init__(self, path):
        self.path = path

    def ask(self, method, path, body=None, **query):
        """What it answers, as JSON where it is that."""
        data, kind = body, "application/x-tar"
        if isinstance(body, dict):
            data, kind = json.dumps(body).encode(), "application/json"
        where = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection = Connection(self.path)
        try:
            connection.request(method, where, data, {"Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status not in (200, 201, 204, 304):
            raise Refused("%s %s: %d %s" % (method, where, answer.status, text[:500].decode()))
        if "json" in answer.getheader("Content-Type", "") and text.strip():
            return json.loads(text.decode().splitlines()[0])
        return text

    def get(self, path, **query):
        return self.ask("GET", path, **query)

    def post(self, path, body=None, **query):
        return self.ask("POST", path, body, **query)

    def delete(self, path, **query):
        return self.ask("DELETE", path, **query)
