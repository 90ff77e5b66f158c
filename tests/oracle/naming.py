"""Names of nodes, services and files (E2, F4, T3)."""

import re

import instant

_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_GHOST = re.compile(r"[0-9a-f]{12}_.+", re.DOTALL)
_CONTAINER = re.compile(r"[0-9a-f]{12}")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def is_node(name):
    """E2: 1 to 63 of A-Z a-z 0-9 . _ -, the first one a letter or digit."""
    return _NODE.fullmatch(name) is not None


def is_service(name):
    """E2: 1 to 128 bytes of UTF-8 without `/`, U+0000-001F and U+007F."""
    if not 1 <= len(name.encode()) <= 128:
        return False
    return not any(c == "/" or ord(c) < 0x20 or ord(c) == 0x7F for c in name)


def is_ghost(name):
    """F4: 12 of 0-9a-f, `_` and more: what a container of Docker leaves behind."""
    return _GHOST.fullmatch(name) is not None


def is_container_id(name):
    """I3: exactly 12 of 0-9a-f."""
    return _CONTAINER.fullmatch(name) is not None


def looks_like_date(name):
    """T3: of the form NNNN-NN-NN, be there such a day or not."""
    return _DATE.fullmatch(name) is not None


def is_date(name):
    """T3: YYYY-MM-DD, a real date."""
    match = _DATE.fullmatch(name)
    return match is not None and instant.is_real_date(*(int(part) for part in match.groups()))


def is_transfer(name):
    """T3: the name of a transfer under way, skipped silently."""
    return name.startswith(".") or name.endswith(("~", ".tmp", ".part"))


def is_event_file(name):
    """Does the name end as those of event files do?"""
    return name.endswith((".json", ".jsonl"))


def is_printable(name):
    """T3: printable ASCII of at most 200 bytes."""
    return 1 <= len(name) <= 200 and all(0x20 <= ord(c) <= 0x7E for c in name)
