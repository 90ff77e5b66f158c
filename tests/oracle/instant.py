"""Instants and durations: integers that count nanoseconds (since 1970 UTC)."""

import datetime
import re

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LATEST = 2**63 - 1  # 2262-04-11T23:47:16.854775807Z

_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()

_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"[Tt ]"
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))?"
)

_DURATION = re.compile(r"([0-9]+)([smhd]?)")


def is_real_date(year, month, day):
    """Is there such a day in the (proleptic) Gregorian calendar, years 0000 to 9999?"""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return 1 <= month <= 12 and 1 <= day <= lengths[month - 1]


def parse_exact(text):
    """An RFC 3339 timestamp (section 2) as an instant, None where it is unusable."""
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    if not is_real_date(year, month, day) or hour > 23 or minute > 59 or second > 59:
        return None
    offset = 0
    if match[8]:
        offset_hours, offset_minutes = int(match[9]), int(match[10])
        if offset_hours > 23 or offset_minutes > 59:
            return None
        offset = offset_hours * HOUR + offset_minutes * MINUTE
        if match[8] == "-":
            offset = -offset
    if year == 0:
        return None  # long before 1970, and unknown to the datetime module
    days = datetime.date(year, month, day).toordinal() - _EPOCH_DAY
    fraction = int((match[7] or "0")[:9].ljust(9, "0"))
    moment = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND
    moment = moment + fraction - offset
    return moment if moment >= 0 else None


def parse(text):
    """The same, but what is too late for 64 bits becomes the latest instant there is."""
    moment = parse_exact(text)
    return None if moment is None else min(moment, LATEST)


def format(moment):
    """E3: UTC, a fraction only where it isn't zero, without trailing zeros."""
    if moment is None:
        return None
    days, rest = divmod(moment, DAY)
    seconds, fraction = divmod(rest, SECOND)
    date = datetime.date.fromordinal(days + _EPOCH_DAY)
    text = "%04d-%02d-%02dT%02d:%02d:%02d" % (
        date.year, date.month, date.day,
        seconds // 3600, seconds // 60 % 60, seconds % 60)
    if fraction:
        text += "." + ("%09d" % fraction).rstrip("0")
    return text + "Z"


def parse_duration(text):
    """I1: whole seconds or `30s 15m 6h 7d`; None for anything else."""
    match = _DURATION.fullmatch(text)
    if not match:
        return None
    digits = match[1].lstrip("0") or "0"
    if len(digits) > 19:
        return None
    unit = {"": SECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}[match[2]]
    length = int(digits) * unit
    return length if length <= LATEST else None
