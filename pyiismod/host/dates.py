"""Dates as HTTP writes them (https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats).

They are spelt out here, because strftime follows the locale.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
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
    now = _EPOCH + second * _SECOND  # gmtime knows nothing before 1970 on Windows, where files may be older
    day, month = _DAYS[now.weekday()], _MONTHS[now.month - 1]
    return f"{day}, {now.day:02} {month} {now.year} {now.hour:02}:{now.minute:02}:{now.second:02} GMT"


def unix_time(text: str) -> int | None:
    """Return an HTTP date, in any of its three formats, as Unix time; None for what is no date."""
    found = next((match for form in _FORMATS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    year, month = int(found["year"]), _MONTHS.index(found["month"]) + 1
    if len(found["year"]) == 2:
        year += 1900 if year >= 70 else 2000
    clock = int(found["hour"]) * 3600 + int(found["minute"]) * 60 + int(found["second"])  # may be a leap second
    try:
        return (datetime(year, month, int(found["day"]), tzinfo=UTC) - _EPOCH) // _SECOND + clock
    except ValueError:  # no such day
        return None
