"""Times and tokens as they are written in events."""

import calendar
import time

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LAST_INSTANT = 2**63 - 1


class Raw(str):
    """A JSON token written as it is."""


def civil(instant):
    """The UTC calendar of an instant, its seconds and its fraction."""
    seconds, fraction = divmod(instant, SECOND)
    return time.gmtime(seconds), seconds, fraction


def date_of(instant):
    return time.strftime("%Y-%m-%d", civil(instant)[0])


def plain_stamp(instant):
    """The instant in the usual form, with a fraction where there is one."""
    when, _, fraction = civil(instant)
    text = "%04d-%02d-%02dT%02d:%02d:%02d" % when[:6]
    if fraction:
        text += (".%09d" % fraction).rstrip("0")
    return text + "Z"


def parse_stamp(text):
    """The inverse of plain_stamp."""
    head, _, fraction = text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(head, "%Y-%m-%dT%H:%M:%S"))
    return seconds * SECOND + int((fraction or "0").ljust(9, "0"))
