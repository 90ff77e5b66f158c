"""Random events: their fields, their texts, and what is meant by each.

A text is bytes as they lie in a file.  With every text goes what its maker
means by it: usable or not, the instant, and the node it names; the oracle's
decoder is held against that.
"""

import json
from collections import namedtuple

from container import TYPES as CONTAINER_TYPES
from container import ContainerMaker
from texts import (DAY, HOUR, LAST_INSTANT, MINUTE, SECOND, Raw, civil, date_of,  # noqa: F401
                   parse_stamp, plain_stamp)

FAILURES = ("service_unhealthy", "healthcheck_failed",
            "containers_not_running", "mqtt_unreachable")
HEALTHY = ("service_healthy", "service_recovered")
RUNS = ("deployment_started", "deployment_completed", "deployment_failed")
REMEDIES = ("remediation_started", "remediation_completed")
NODES = ("node_offline", "node_online", "node_health")
LEVELS = ("high", "warn", "critical", "cleared", "ok", "normal", "resolved",
          "none", "Ok", "low_", "x")
PRESSURES = ("disk_pressure", "memory_pressure", "cpu_pressure")
NAMED_LEVELS = ("disk_pressure", "high_memory", "high_cpu")
OTHERS = ("backup_done", "log_rotated", "heartbeat", "disk_pressure_",
          "memory_pressure", "cpu_pressure", "service_unhealthy2", "_", "9",
          "other", "node_rebooted", "x" * 64, "deployment_paused",
          "node_onlinex")
GHOSTS = ("0123456789ab_web", "deadbeef0123_", "ffffffffffff_a-b")
MAX_TEXT = 1 << 20

# What a text is meant to be: usable, its instant, the node it names.
Meaning = namedtuple("Meaning", "usable instant node")
UNUSABLE = Meaning(False, None, None)


def stamp(rng, instant, note):
    """The instant in one of the forms that section 2 allows."""
    if rng.random() < 0.6:
        return plain_stamp(instant)
    note("E3")
    offset, zone = 0, rng.choice(("Z", "z", "", "+00:00", "-00:00"))
    if rng.random() < 0.4:
        minutes = rng.choice((60, 120, 330, -300, 23 * 60 + 59,
                              -(23 * 60 + 59), 1, -1))
        shifted = instant + minutes * MINUTE
        if instant // DAY != 0 or minutes > 0:
            if 0 <= shifted:
                offset = minutes * MINUTE
                zone = "%s%02d:%02d" % ("+-"[minutes < 0], abs(minutes) // 60,
                                        abs(minutes) % 60)
    when, _, fraction = civil(instant + offset)
    text = "%04d-%02d-%02d%s%02d:%02d:%02d" % (
        when[:3] + (rng.choice("Tt "),) + when[3:6])
    digits = ("%09d" % fraction).rstrip("0")
    if digits or rng.random() < 0.3:
        digits = digits or "0"
        if rng.random() < 0.4:
            digits = digits.ljust(rng.randint(len(digits), 9), "0")
        if rng.random() < 0.3:
            digits = digits.ljust(9, "0") + str(rng.randint(0, 10**6))
        text += "." + digits
    return text + zone


BAD_STAMPS = (
    "", "yesterday", "2026-02-30T10:00:00Z", "2026-13-01T10:00:00Z",
    "2026-05-12T24:00:00Z", "2026-05-12T10:60:00Z", "2026-05-12T10:00:60Z",
    "2026-05-12T10:00Z", "2026-05-12", "2026-5-12T10:00:00Z",
    "2026-05-12T10:00:00.Z", "2026-05-12T10:00:00+24:00",
    "2026-05-12T10:00:00+01:60", "2026-05-12T10:00:00+0100",
    "2026-05-12T10:00:00+01", " 2026-05-12T10:00:00Z",
    "2026-05-12T10:00:00Z ", "2026-05-12X10:00:00Z", "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+00:01", "2025-02-29T00:00:00Z",
    "2026-05-12T10:00:00,5Z", "2026-05-12  10:00:00Z",
    "2026-00-12T10:00:00Z",
    "2026-05-00T10:00:00Z", "+2026-05-12T10:00:00Z", "-026-05-12T10:00:00Z",
    "2026-05-12T1:00:00Z", "2026-05-12T10:00:00ZZ", "2026-05-12T-1:00:00Z",
    "\uff12\uff10\uff12\uff16-05-12T10:00:00Z")


def quote(rng, text):
    """A JSON string, some of its characters escaped."""
    plain = rng.random() < 0.93
    out = ['"']
    for char in text:
        code = ord(char)
        if char in '"\\' or code < 0x20:
            short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f",
                     "\n": "\\n", "\r": "\\r", "\t": "\\t"}
            out.append(short.get(char) if char in short and rng.random() < 0.8
                       else "\\u%04x" % code)
        elif plain or rng.random() < 0.7:
            out.append(char)
        elif code > 0xffff:
            code -= 0x10000
            out.append("\\u%04x\\u%04X" % (0xd800 + (code >> 10),
                                           0xdc00 + (code & 0x3ff)))
        else:
            out.append("\\/" if char == "/" else "\\u%04x" % code)
    out.append('"')
    return "".join(out)


def token(rng, value, gap):
    """Any value as JSON; gap() yields the white space between tokens."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return quote(rng, value)
    if isinstance(value, dict):
        return "{" + ",".join(
            gap() + quote(rng, k) + gap() + ":" + gap() +
            token(rng, v, gap) + gap() for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(gap() + token(rng, v, gap) + gap()
                              for v in value) + "]"
    return json.dumps(value)


def text_of(rng, fields, one_line):
    """An event's text: keys in any order, white space of any kind."""
    items = list(fields.items())
    if rng.random() < 0.5:
        rng.shuffle(items)
    style = rng.random()
    if style < 0.5:
        gap = str
    elif style < 0.8:
        spaces = ("", " ") if one_line else ("", " ", "\n", "\t", "\r\n  ")
        gap = lambda: rng.choice(spaces)
    else:
        gap = lambda: rng.choice(("", "", " "))
    text = gap() + token(rng, dict(items), gap) + gap()
    return text.encode("utf-8", "surrogatepass")


def nested(levels):
    return Raw("[" * levels + "]" * levels)


class EventMaker:
    """Makes events of the nodes and services of one homelab."""

    def __init__(self, rng, note, meanings):
        self.rng = rng
        self.note = note
        self.meanings = meanings
        self.containers = ContainerMaker(rng, note)
        self.runs = []          # correlation ids used so far
        self.uncorrelated = []  # (second, node, service) of starts without

    # -- fields -----------------------------------------------------------

    def some(self, chance):
        return self.rng.random() < chance

    def kind(self):
        """A type, the frequent ones first."""
        pick = self.rng.random()
        if pick < 0.22:
            return self.rng.choice(FAILURES)
        if pick < 0.38:
            return self.rng.choice(HEALTHY)
        if pick < 0.50:
            return self.containers.event_type()
        if pick < 0.64:
            return self.rng.choice(RUNS)
        if pick < 0.72:
            return self.rng.choice(REMEDIES)
        if pick < 0.82:
            return self.rng.choice(NODES)
        if pick < 0.87:
            return "%s_%s" % (self.rng.choice(PRESSURES),
                              self.rng.choice(LEVELS).lower())
        if pick < 0.92:
            return self.rng.choice(NAMED_LEVELS + ("disk_usage_high",))
        return self.rng.choice(OTHERS)

    def wrong(self, *good):
        """A value of a kind that isn't one of good."""
        values = [None, True, False, 0, 1, -3.5, "", "text", [], ["a"], {},
                  {"a": "b"}, Raw("1e3")]
        return self.rng.choice([v for v in values if type(v) not in good])

    def long_text(self, limit):
        """Text about limit bytes long, wide characters on the edge."""
        wide = self.rng.choice(("é", "日", "\U0001f600", "x"))
        room = limit - self.rng.randint(0, 5)
        return "m" * room + wide * self.rng.randint(0, 4)

    def service_name(self, services):
        return self.rng.choice(services)

    def names_list(self, services):
        """What payload.services may hold."""
        rng = self.rng
        values = list(rng.choices(services, k=rng.randint(0, 4)))
        odd = ["", 5, None, "all", GHOSTS[0], "a/b", "tab\there", [], {},
               "x" * 129, "x" * 128, "\u007f", "\u0080", rng.choice(GHOSTS)]
        values += rng.sample(odd, rng.choice((0, 0, 1, 2, 4)))
        rng.shuffle(values)
        return values

    def add_service(self, fields, payload, services, kind):
        """The service, in one of the ways of F3."""
        rng, pick = self.rng, self.rng.random()
        if kind in FAILURES + HEALTHY + RUNS + REMEDIES:
            bound = (0.72, 0.80, 0.84, 0.93, 0.96)
        else:
            bound = (0.25, 0.28, 0.30, 0.34, 0.36)
        if pick < bound[0]:
            fields["service"] = self.service_name(services)
        elif pick < bound[1]:
            fields["service"] = "all"
        elif pick < bound[2]:
            fields["service"] = rng.choice(GHOSTS)
        elif pick < bound[3]:
            self.note("F3")
            for key in ("service", "services", "containers"):
                if self.some(0.5):
                    payload[key] = (self.names_list(services)
                                    if key != "service" or self.some(0.1)
                                    else rng.choice(services + ["all", "", "a/b",
                                                                GHOSTS[1]]))
            if self.some(0.3):
                fields["service"] = rng.choice(("", "all", 7, None, ["web"]))
        elif pick < bound[4]:
            self.note("E1")
            fields["service"] = rng.choice(("", None, 3, [], {}, True))

    def add_container(self, fields, payload, services, instant, kind):
        """An agent's event: mostly of one service (F13)."""
        if self.some(0.8):
            fields["service"] = self.service_name(services)
        service = fields.get("service")
        service = service if isinstance(service, str) else services[0]
        payload["container"] = self.containers.container(service, instant, kind)
        if self.some(0.3):
            payload.update(exit_code=1, signal=9, log=["a\u0007", "b"])

    def add_run(self, fields, payload):
        """What a deployment's event carries."""
        rng = self.rng
        if self.some(0.72):
            if self.runs and self.some(0.75):
                fields["correlation_id"] = rng.choice(self.runs[-4:])
            else:
                name = "deploy-%d" % rng.randint(1, 999)
                if self.uncorrelated and self.some(0.3):
                    self.note("P6")
                    name = "dep-%d-%s-%s" % rng.choice(self.uncorrelated)
                elif self.some(0.1):
                    name = rng.choice(("c" * 128, "é" * 64, "a b\"\\", "x-2"))
                self.runs.append(name)
                fields["correlation_id"] = name
        if self.some(0.6):
            payload["stage"] = rng.choice(
                ("prepare", "validate", "deploy", "verify", "diagnose",
                 "complete", "", 4, self.long_text(128)))
        for key in ("diagnostics", "diagnostics_path", "diagnostic_files",
                    "log_file", "log_path"):
            if self.some(0.25):
                self.note("F8")
                payload[key] = self.diagnostics()

    def diagnostics(self):
        rng = self.rng
        one = lambda: rng.choice((
            "/opt/homelab/logs/%d.log" % rng.randint(1, 9), "", 4, None,
            {"path": "/logs/%d" % rng.randint(1, 9)}, {"path": ""},
            {"path": 3}, {"file": "x"}, {"path": "p", "more": [1]}, [], ["deep"],
            self.long_text(512)))
        if self.some(0.4):
            return [one() for _ in range(rng.choice((0, 1, 2, 3, 20)))]
        return one()

    def numbers(self):
        rng = self.rng
        values = (0, 1, -1, 42, 2**63 - 1, -2**63, 0.5, 99.9, 1e300, 1.5e-7,
                  Raw("-0"), Raw("-0.0"), Raw("1E5"), Raw("1e-400"),
                  Raw("0.1"), Raw("123456789.123456789"), Raw("1e15"),
                  Raw("1e16"), Raw("100000000000000000.0"), Raw("2.50"),
                  Raw("1e+2"), True, None, "5", [1], {"a": 1})
        names = ["cpu", "mem", "load1", "disk free", "température", "uptime",
                 "n" * 64, "n" * 65, "é" * 32, "é" * 33, "", "Z", "a\"b"]
        if self.some(0.06):
            self.note("E9")
            names += ["m%03d" % i for i in range(rng.randint(55, 80))]
        else:
            names = rng.sample(names, rng.randint(0, 6))
        return {name: rng.choice(values) for name in names}

    def add_odds(self, fields, payload):
        """Fields that any event may carry, in good and odd forms."""
        rng = self.rng
        if self.some(0.35):
            fields["severity"] = rng.choice(
                ("info", "warning", "error", "critical", "critical", "warning",
                 "Error", "fatal", "", 3, None, []))
        if self.some(0.6):
            fields["source"] = rng.choice(
                ("node-agent", "healthcheck", "deploy.sh", "é", "", 5, None,
                 self.long_text(128), "<b>\u0007\n"))
        if self.some(0.4):
            fields["message"] = rng.choice(
                ("it failed", "line\nline", "quote \" back \\ tab \t", "",
                 None, 17, ["x"], self.long_text(1024), "\u007f\u0080\u2028",
                 "\u0001\u001f", "日本語 \U0001f600"))
        if self.some(0.2):
            payload["message"] = rng.choice(
                ("said below", "", 4, {}, self.long_text(1024)))
        if self.some(0.15) and "correlation_id" not in fields:
            fields["correlation_id"] = rng.choice(
                ("corr-1", "corr-2", "", 9, None, "c" * 129, "é" * 65))
        if self.some(0.3):
            fields["id"] = rng.choice(("evt-1", "evt-1", "", 4, None))
        if self.some(0.05):
            fields[rng.choice(("extra", "Node", "host", "ts", ""))] = \
                rng.choice((1, "x", {"node": "zz"}, [[[]]], Raw("1e-5")))
        if self.some(0.01):
            self.note("E1")
            fields["deep"] = nested(31)

    def add_payload(self, fields, payload):
        """payload, details, both, neither: D2 says which is read."""
        rng, pick = self.rng, self.rng.random()
        if pick < 0.75:
            if payload or self.some(0.3):
                fields["payload"] = payload
        elif pick < 0.9:
            self.note("E1")
            fields["details"] = payload
            if self.some(0.6):
                fields["payload"] = rng.choice(({}, None, "", 3, []))
        else:
            fields["payload"] = payload or {"k": 1}
            fields["details"] = {"service": "never", "level": "never",
                                 "message": "never", "stage": "never"}

    def fields(self, node, instant, services, kind=None):
        """A usable event."""
        kind = kind or self.kind()
        fields = {"timestamp": stamp(self.rng, instant, self.note),
                  "node": node, "type": kind}
        payload = {}
        self.add_service(fields, payload, services, kind)
        if kind in CONTAINER_TYPES and self.some(0.8) or self.some(0.02):
            self.add_container(fields, payload, services, instant, kind)
        if kind in RUNS:
            self.add_run(fields, payload)
            if kind == "deployment_started" and "correlation_id" not in fields:
                self.uncorrelated.append(
                    (instant // SECOND, node, fields.get("service") or "all"))
        if kind == "node_health":
            payload.update(self.numbers())
            for name in PRESSURES:
                if self.some(0.4):
                    payload[name] = self.rng.choice(
                        LEVELS + ("", None, 0, 5, True, [], "é" * 40, "x" * 65))
        if kind in NAMED_LEVELS or self.some(0.03):
            if self.some(0.7):
                payload["level"] = self.rng.choice(
                    LEVELS + ("", None, 0, 97.5, True, {}, "é" * 40, "x" * 65))
        self.add_odds(fields, payload)
        self.add_payload(fields, payload)
        return fields

    # -- texts ------------------------------------------------------------

    def mean(self, text, meaning):
        """Remember what is meant by a text."""
        self.meanings[text] = meaning
        return text

    def text(self, node, instant, services, one_line, kind=None):
        """A usable event's text."""
        fields = self.fields(node, instant, services, kind)
        text = text_of(self.rng, fields, one_line)
        return self.mean(text, Meaning(True, min(instant, LAST_INSTANT), node))

    def far_text(self, node, services, one_line):
        """An event centuries ahead: held for ever."""
        fields = self.fields(node, 0, services)
        fields["timestamp"] = self.rng.choice(
            ("2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775808Z",
             "2500-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
             "9999-12-31T23:59:59-23:59"))
        text = text_of(self.rng, fields, one_line)
        return self.mean(text, Meaning(True, LAST_INSTANT, node))

    def broken_text(self, node, others, instant, services, one_line):
        """An unusable event: E4, one reason out of many."""
        rng = self.rng
        self.note("E4")
        fields = self.fields(node, instant, services)
        whole = lambda: text_of(rng, fields, one_line)
        pick = rng.randrange(19)
        if pick == 0:
            fields["timestamp"] = rng.choice(BAD_STAMPS)
        elif pick == 1:
            fields[rng.choice(("timestamp", "node", "type"))] = \
                self.wrong(str) if self.some(0.8) else ""
        elif pick == 2:
            del fields[rng.choice(("timestamp", "node", "type"))]
        elif pick == 3:
            fields["type"] = rng.choice(
                ("Service_healthy", "a-b", "x" * 65, "a b", "é", "a/b",
                 "node_online ", "all\u0000"))
        elif pick == 4:
            self.note("E2")
            fields["service"] = rng.choice(
                ("a/b", "x" * 129, "tab\there", "\u007f", "é" * 65, "/",
                 "new\nline", "\u001f"))
        elif pick in (5, 6):
            self.note("E2")
            fields["node"] = rng.choice(
                ["-x", ".x", "x" * 64, "a/b", "é", "a b", node + " ",
                 " " + node, "/", ".."])
        elif pick == 7:
            text = rng.choice((
                b"", b" ", b"null", b"[]", b"3", b'"x"', b"{", b"{}", b"}",
                b"[{}]", b"\x00", b"nul", b"{\"a\":}", b"\xff\xfe", b"{'a': 1}",
                b"// x", b"{\"timestamp\": \"2026-05-12T12:00:00Z\",}"))
            if one_line and not text.strip(b" \t\r"):
                text = b"{"
            return self.mean(text, UNUSABLE)
        elif pick == 8:
            text = whole().strip()
            return self.mean(text[:rng.randint(1, len(text) - 1)], UNUSABLE)
        elif pick == 9:
            return self.mean(whole() + rng.choice(
                (b"x", b"{}", b",", b"\x00", b"]", b" null", b"\xc2\xa0")),
                UNUSABLE)
        elif pick == 10:
            return self.mean(b"\xef\xbb\xbf" + whole(), UNUSABLE)
        elif pick == 11:
            key = rng.choice(list(fields))
            text = text_of(rng, fields, True).strip()
            extra = "," + json.dumps(key) + ":" + json.dumps("again") + "}"
            return self.mean(text[:-1] + extra.encode(), UNUSABLE)
        elif pick == 12:
            fields["payload"] = {"x": Raw(rng.choice((
                '{"a":1,"a":2}', '{"\\u0061":1,"a":2}', "9223372036854775808",
                "-9223372036854775809", "1e400", "-1e999", "01", "1.", ".5",
                "+1", "NaN", "Infinity", "-", "1e", "0x10", "tru", "'x'")))}
        elif pick == 13:
            fields["message"] = Raw(rng.choice((
                '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\\u0000"',
                '"\\x41"', '"\\u12"', '"a\tb"', '"a\u0001b"')))
        elif pick == 14:
            text = whole()
            bad = rng.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82",
                              b"\xf5\x80\x80\x80", b"\xc1\xbf", b"\xf4\x90\x80\x80",
                              b"\xe0\x80\xaf"))
            fields["message"] = "@@@"
            text = whole().replace(b"@@@", bad)
            if text == whole() or bad not in text:
                text = b'{"message": "' + bad + b'"}'
            return self.mean(text, UNUSABLE)
        elif pick == 15:
            fields["deep"] = rng.choice((nested(32), nested(100), Raw(
                '{"a":' * 32 + "1" + "}" * 32)))
        elif pick == 16:
            others = [name for name in others if name != node]
            # Unusable here, but perhaps not where that name is an alias:
            # so it is meant as usable, of another node.
            name = rng.choice(others or ["nobody"])
            fields["node"] = name
            return self.mean(whole(), Meaning(True, instant, name))
        elif pick == 17:
            fields["node"] = node.swapcase()
            if fields["node"] != node:
                return self.mean(whole(), Meaning(True, instant, fields["node"]))
            fields["type"] = ""
        else:
            fields["type"] = rng.choice((None, ["node_online"], 1))
        return self.mean(whole(), UNUSABLE)

    def sized_text(self, node, instant, services, size):
        """A usable event padded to a size: one too large is unusable."""
        self.note("E4")
        text = text_of(self.rng, self.fields(node, instant, services), True)
        text += b" " * (size - len(text))
        good = Meaning(True, instant, node)
        return self.mean(text, good if size <= MAX_TEXT else UNUSABLE)
