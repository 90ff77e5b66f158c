"""CRI (runtime.v1) as a kubelet speaks it, as far as tests need it: gRPC by curl, protobuf by hand.

A message is a list of (number of the field, value): a number, text, bytes, a message, a dict of
texts, or a list of those in a tuple for a repeated one. What comes back is a dict of lists by number.
"""

import pathlib
import re
import struct
import subprocess
import tempfile

SERVICES = {"Version": "Runtime", "ImageStatus": "Image"}
NODE = 2                    # NamespaceMode: the node's own
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Refused(AssertionError):
    """A gRPC status that isn't 0."""


def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def encode(message):
    out = b""
    for number, value in message:
        if isinstance(value, tuple):
            out += b"".join(encode([(number, each)]) for each in value)
        elif isinstance(value, dict):
            out += encode([(number, [(1, k), (2, v)]) for k, v in value.items()])
        elif isinstance(value, int):
            out += varint(number << 3 | VARINT) + varint(value)
        else:
            data = encode(value) if isinstance(value, list) else value
            data = data.encode() if isinstance(data, str) else data
            out += varint(number << 3 | BYTES) + varint(len(data)) + data
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def decode(data):
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == VARINT:
            value, at = read_varint(data, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(key & 7)
            if size is None:
                size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def call(socket, method, message, seconds=60):
    """The answer, decoded."""
    body = encode(message)
    service = "runtime.v1.%sService" % SERVICES.get(method, "Runtime")
    with tempfile.NamedTemporaryFile() as headers:
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--unix-socket", socket,
             "--max-time", str(seconds), "--dump-header", headers.name, "--data-binary", "@-",
             "--header", "content-type: application/grpc", "--header", "te: trailers",
             "http://localhost/%s/%s" % (service, method)],
            input=struct.pack(">BI", 0, len(body)) + body, capture_output=True, check=False)
        said = pathlib.Path(headers.name).read_text()
    status = re.search(r"^grpc-status: *(\d+)", said, re.M | re.I)
    if done.returncode != 0 or status is None or status.group(1) != "0":
        why = re.search(r"^grpc-message: *(.*)", said, re.M | re.I)
        raise Refused("%s: %s" % (method, why.group(1) if why else done.stderr.decode() or said))
    return decode(done.stdout[5:])


def text(answer, number):
    return answer[number][0].decode()


def sandbox_config(name, logs):
    """The node's network: there is no other here."""
    return [(1, [(1, name), (2, "uid-" + name), (3, "default")]), (3, logs), (6, {"app": name}),
            (8, [(2, [(1, [(1, NODE)])])])]


def container_config(name, attempt, image, arguments, labels, memory):
    limits = [(4, memory), (10, memory)] if memory else []
    return [(1, [(1, name), (2, attempt)]), (2, [(1, image)]), (4, tuple(arguments)), (9, labels),
            (11, "%s-%d.log" % (name, attempt)), (15, [(1, limits), (2, [(3, [(1, NODE)])])])]
