"""https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats

Dates as HTTP writes them. They are spelt out here, because strftime follows the locale.
"""

from __future__ import annotations

import re
from functools import lru_cache
from time import gmtime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "|".join(_MONTHS)
_TIME = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"
_FORMATS = tuple(
    re.compile(text)
    for text in (
        rf"[A-Za-z]{{3}}, (?P<day>\d\d) (?P<month>{_MONTH}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"[A-Za-z]{{6,9}}, (?P<day>\d\d)-(?P<month>{_MONTH})-(?P<year>\d\d) {_TIME} GMT",
        rf"[A-Za-z]{{3}} (?P<month>{_MONTH}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)


@lru_cache(maxsize=64)
def http_date(second: int) -> str:
    """Return a Unix time as HTTP writes it."""
    now = gmtime(second)
    day, month = _DAYS[now.tm_wday], _MONTHS[now.tm_mon - 1]
    return f"{day}, {now.tm_mday:02} {month} {now.tm_year} {now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02} GMT"


def unix_time(text: str) -> int | None:
    """Return an HTTP date, in any of its three formats, as Unix time; None for what is no date."""
    found = next((match for form in _FORMATS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    year, month, day = int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"])
    if len(found["year"]) == 2:
        year += 1900 if year >= 70 else 2000
    days = _days(year, month, day)
    return ((days * 24 + int(found["hour"])) * 60 + int(found["minute"])) * 60 + int(found["second"])


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 1970; years begin in March, so that the leap day is the last one."""
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
