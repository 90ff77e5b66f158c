#!/usr/bin/env python3
"""Serve the dashboard and a world on loopback, for a look: serve.py --world DIR [--port N]

For a homelab take nginx or Caddy, as the samples beside this file show. What they send is sent here,
too: the Content-Security-Policy, and 304 where nothing has changed.
"""

import argparse
import email.utils
import http.server
import os
import re

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page")
WORLD = re.compile(r"/world/([a-z-]+\.json)")
HEADERS = (
    ("Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-cache"),
)
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript",
         ".svg": "image/svg+xml", ".json": "application/json"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        path = self.locate(self.path.split("?", 1)[0])
        try:
            file = open(path, "rb") if path else None
        except OSError:
            file = None
        if file is None:
            self.reply(404, b"not here\n", {"Content-Type": "text/plain"})
            return
        with file:
            self.send_file(file, TYPES[os.path.splitext(path)[1]])

    do_HEAD = do_GET

    def locate(self, path):
        """The file of a path: a document of the world, or a file of the page; None for others."""
        world = WORLD.fullmatch(path)
        if world:
            return os.path.join(self.server.world, world.group(1))
        return self.server.page.get(path)

    def send_file(self, file, kind):
        status = os.fstat(file.fileno())
        tag = '"%x-%x"' % (status.st_mtime_ns, status.st_size)
        headers = {"ETag": tag, "Content-Type": kind,
                   "Last-Modified": email.utils.formatdate(status.st_mtime, usegmt=True)}
        if self.headers.get("If-None-Match") == tag:
            self.reply(304, b"", headers)
        else:
            self.reply(200, file.read(), headers)

    def reply(self, code, body, headers):
        self.send_response(code)
        for name, value in (*HEADERS, *headers.items()):
            self.send_header(name, value)
        if code != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def list_page():
    """The files of the page by the path they are asked for with."""
    page = {"/": os.path.join(PAGE, "index.html")}
    for directory, _, names in os.walk(PAGE):
        for name in names:
            path = os.path.join(directory, name)
            page["/" + os.path.relpath(path, PAGE)] = path
    return page


def main():
    parser = argparse.ArgumentParser(description="Serve the dashboard and a world on loopback.")
    parser.add_argument("--world", required=True, help="the folder with the documents")
    parser.add_argument("--port", type=int, default=8080, help="0 for any that is free")
    options = parser.parse_args()
    with http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler) as server:
        server.daemon_threads = True
        server.world = options.world
        server.page = list_page()
        print("The dashboard is at http://127.0.0.1:%d/ (end with Ctrl-C)" % server.server_port,
              flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
