"""JSON as jansson 2.14 reads it with JSON_REJECT_DUPLICATES (E1), and as it writes it with
JSON_INDENT(2), JSON_SORT_KEYS and JSON_REAL_PRECISION(15) (P1).

Values are dict, list, str, int, float, True, False and None.
"""

_SPACE = " \t\n\r"
_DIGITS = "0123456789"
_HEX_DIGITS = "0123456789abcdefABCDEF"
_ESCAPES = {'"': '"', "\\": "\\", "/": "/",
            "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LITERALS = {"true": True, "false": False, "null": None}


class NotJson(Exception):
    """The text isn't JSON."""


class TooDeep(Exception):
    """The text nests deeper than it may."""


def parse(data, depth_limit=2048):
    """The value that data (bytes) holds: an object or an array and nothing else."""
    try:
        text = data.decode("utf-8")  # strict: no overlong forms, no surrogates
    except UnicodeDecodeError as error:
        raise NotJson("not UTF-8") from error
    reader = _Reader(text, depth_limit)
    reader.skip_space()
    if reader.peek() not in ("{", "["):
        raise NotJson("neither object nor array")
    value = reader.value(0)
    reader.skip_space()
    if reader.peek() != "":
        raise NotJson("something follows the value")
    return value


class _Reader:
    def __init__(self, text, depth_limit):
        self.text = text
        self.position = 0
        self.depth_limit = depth_limit

    def peek(self):
        """The next character, "" at the end."""
        return self.text[self.position:self.position + 1]

    def take(self):
        character = self.peek()
        self.position += 1
        return character

    def expect(self, character):
        if self.take() != character:
            raise NotJson("no %s where there must be one" % character)

    def skip_space(self):
        while self.peek() and self.peek() in _SPACE:
            self.position += 1

    def skip_nul(self):
        """A quirk of jansson: one U+0000 directly after a number or a word goes unnoticed."""
        if self.peek() == "\0":
            self.position += 1

    def value(self, depth):
        """The value that begins here; depth containers are around it."""
        first = self.peek()
        if first == "{":
            return self.object(depth + 1)
        if first == "[":
            return self.array(depth + 1)
        if first == '"':
            return self.string()
        if first == "-" or (first and first in _DIGITS):
            number = self.number()
            self.skip_nul()
            return number
        for word, meaning in _LITERALS.items():
            if self.text.startswith(word, self.position):
                self.position += len(word)
                self.skip_nul()
                return meaning
        raise NotJson("no value where there must be one")

    def object(self, depth):
        self.check_depth(depth)
        self.expect("{")
        result = {}
        self.skip_space()
        if self.peek() == "}":
            self.take()
            return result
        while True:
            self.skip_space()
            key = self.string()
            if key in result:
                raise NotJson("a key occurs twice")
            self.skip_space()
            self.expect(":")
            self.skip_space()
            result[key] = self.value(depth)
            self.skip_space()
            if self.peek() == "}":
                self.take()
                return result
            self.expect(",")

    def array(self, depth):
        self.check_depth(depth)
        self.expect("[")
        result = []
        self.skip_space()
        if self.peek() == "]":
            self.take()
            return result
        while True:
            self.skip_space()
            result.append(self.value(depth))
            self.skip_space()
            if self.peek() == "]":
                self.take()
                return result
            self.expect(",")

    def check_depth(self, depth):
        if depth > self.depth_limit:
            raise TooDeep()

    def string(self):
        self.expect('"')
        parts = []
        while True:
            character = self.take()
            if character == '"':
                return "".join(parts)
            if character == "" or ord(character) < 0x20:
                raise NotJson("a string ends early or holds a control character")
            parts.append(self.escape() if character == "\\" else character)

    def escape(self):
        letter = self.take()
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter != "u":
            raise NotJson("unknown escape")
        unit = self.hex4()
        if unit == 0 or 0xDC00 <= unit <= 0xDFFF:
            raise NotJson("U+0000 or half a surrogate pair")
        if 0xD800 <= unit <= 0xDBFF:
            self.expect("\\")
            self.expect("u")
            second = self.hex4()
            if not 0xDC00 <= second <= 0xDFFF:
                raise NotJson("half a surrogate pair")
            unit = 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00)
        return chr(unit)

    def hex4(self):
        digits = [self.take() for _ in range(4)]
        if not all(digit and digit in _HEX_DIGITS for digit in digits):
            raise NotJson("bad \\u escape")
        return int("".join(digits), 16)

    def digits(self):
        """One or more digits."""
        start = self.position
        while self.peek() and self.peek() in _DIGITS:
            self.position += 1
        if self.position == start:
            raise NotJson("no digit where there must be one")
        return self.text[start:self.position]

    def number(self):
        start = self.position
        if self.peek() == "-":
            self.take()
        whole = self.digits()
        if len(whole) > 1 and whole[0] == "0":
            raise NotJson("a number with a leading zero")
        is_real = False
        if self.peek() == ".":
            is_real = True
            self.take()
            self.digits()
        if self.peek() in ("e", "E"):
            is_real = True
            self.take()
            if self.peek() in ("+", "-"):
                self.take()
            self.digits()
        text = self.text[start:self.position]
        if is_real:
            value = float(text)
            if value in (float("inf"), float("-inf")):
                raise NotJson("a real that overflows")
            return value
        if len(whole) > 19 or not -2**63 <= int(text) < 2**63:
            raise NotJson("an integer that overflows")
        return int(text)


def dump(value):
    """The bytes of a document, newline at the end."""
    return (_dumped(value, 0) + "\n").encode("utf-8")


def _dumped(value, level):
    inner, outer = "\n" + "  " * (level + 1), "\n" + "  " * level
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_real(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        if not value:
            return "[]"
        return "[" + inner + ("," + inner).join(_dumped(v, level + 1) for v in value) + outer + "]"
    if isinstance(value, dict):
        if not value:
            return "{}"
        members = [_quoted(key) + ": " + _dumped(value[key], level + 1)
                   for key in sorted(value, key=str.encode)]
        return "{" + inner + ("," + inner).join(members) + outer + "}"
    raise TypeError(type(value))


def format_real(value):
    """%.15g, then always with a dot or an exponent, the exponent without + and leading zeros."""
    text = "%.15g" % value
    if "e" in text:
        mantissa, exponent = text.split("e")
        return "%se%d" % (mantissa, int(exponent))
    return text if "." in text else text + ".0"


def _quoted(text):
    short = {'"': '\\"', "\\": "\\\\",
             "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    parts = []
    for character in text:
        if character in short:
            parts.append(short[character])
        elif ord(character) < 0x20:
            parts.append("\\u%04X" % ord(character))
        else:
            parts.append(character)
    return '"' + "".join(parts) + '"'
