"""An HTTP backend on loopback that does as it is told."""

import gzip
import http.server
import json
import socket
import ssl
import threading
import time


class Request:
    def __init__(self, handler, body):
        self.path = handler.path
        self.headers = handler.headers
        self.body = body
        self.key = handler.headers.get("Idempotency-Key")

    def json(self):
        return json.loads(gzip.decompress(self.body))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request(self, body)
        with self.server.lock:
            self.server.requests.append(request)
            behaviours = self.server.behaviours.get(self.path, [])
            behave = behaviours.pop(0) if behaviours else taken
            self.server.lock.notify_all()
        behave(self, request)

    do_GET = do_POST

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Behaviours are those of a path's next requests; then everything is taken.
    What counts is what was taken: by its key, once."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, context=None, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Condition()
        self.requests = []
        self.behaviours = {}
        self.counted = {}  # batches by their key
        self.context = context
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def finish_request(self, request, client_address):
        if not self.context:
            super().finish_request(request, client_address)
            return
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request, client_address):
        pass

    @property
    def url(self):
        scheme = "https" if self.context else "http"
        return f"{scheme}://localhost:{self.server_address[1]}"

    def behave(self, path, *behaviours):
        with self.lock:
            self.behaviours[path] = list(behaviours)

    def wait_for(self, condition, what="a request", seconds=30):
        """A limit for a test that hangs; nothing is timed."""
        end = time.monotonic() + seconds
        with self.lock:
            while not condition():
                if not self.lock.wait(end - time.monotonic()):
                    raise AssertionError(f"waited in vain for {what}")

    def count(self, request):
        with self.lock:
            self.counted.setdefault(request.key, []).append(request.json())
            self.lock.notify_all()

    def events(self):
        """Ids of the events, each batch counted once by its key; the same key has to
        have the same events."""
        ids = []
        with self.lock:
            for key, batches in self.counted.items():
                assert all(batch == batches[0] for batch in batches), key
                ids += [event["id"] for event in batches[0]]
        return ids

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


# --- behaviours ----------------------------------------------------------------


def taken(handler, request):
    if request.key:
        handler.server.count(request)
    handler.answer(204)


def answers(status, body=b"", headers=()):
    return lambda handler, request: handler.answer(status, body, headers)


def dies(handler, request):
    """Without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def takes_and_dies(handler, request):
    """It counted it, and nobody is told."""
    handler.server.count(request)
    dies(handler, request)


def takes_and_dies_in_the_middle(handler, request):
    handler.server.count(request)
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half of")
    handler.wfile.flush()
    dies(handler, request)


def speaks_no_http(handler, request):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    dies(handler, request)


def huge(status, size=64 << 20):
    def behave(handler, request):
        if status < 300:
            handler.server.count(request)
        handler.send_response(status)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        sent = 0
        try:
            while sent < size:
                handler.wfile.write(b"\x00<\x1b[31m" * 8192)
                sent += 8192 * 7
        except OSError:
            pass
        handler.server.sent = sent
        handler.close_connection = True

    return behave


class Stall:
    """Until it's released."""

    def __init__(self, counts=False):
        self.event = threading.Event()
        self.counts = counts

    def __call__(self, handler, request):
        if self.counts:
            handler.server.count(request)
        self.event.wait(60)
        handler.close_connection = True

    def release(self):
        self.event.set()


def refused_port():
    """One that nobody listens at."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def context(certificate, key, client_authority=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    if client_authority:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(client_authority)
    return made
