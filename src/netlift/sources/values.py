"""Text → numbers and moments, as SQL expressions: strict grammars, NULL where the text does not fit.

The texts of settings (formats, words for missing) are put in as quoted literals: they occur many times per query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from netlift.engine import Engine
from netlift.errors import SettingsError
from netlift.settings import Format

_ISO_LOCAL = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?"
# No clock on earth is further than 14 hours off.
_ISO_OFFSET = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)? ?(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_DAY_PARTS = (("%Y", "%y"), ("%m", "%b", "%B", "%-m"), ("%d", "%-d"))
EARLIEST, LATEST = "TIMESTAMP '1900-01-01'", "TIMESTAMP '2101-01-01'"  # the second is the first moment too late


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Reader:
    """How the values of one table are written; each method makes an SQL expression from an expression for the text."""

    format: Format
    zone: str  # of moments without an offset
    project_zone: str
    date_has_offset: bool  # the declared date format reads an offset

    def present(self, text: str) -> str:
        """The text, NULL where it is missing."""
        missing = ", ".join(literal(word) for word in ("", *self.format.missing))
        return f"CASE WHEN {text} NOT IN ({missing}) THEN {text} END"

    def number(self, text: str) -> str:
        """DOUBLE; may be infinite where the text is a number too large."""
        mark, group = re.escape(self.format.decimal), re.escape(self.format.thousands)
        whole = rf"(\d{{1,3}}({group}\d{{3}})+|\d+)" if group else r"\d+"
        pattern = rf"[+-]?({whole}({mark}\d*)?|{mark}\d+)([eE][+-]?\d+)?"
        bare = f"trim({text})"
        plain = f"replace({bare}, {literal(self.format.thousands)}, '')" if group else bare
        plain = plain if self.format.decimal == "." else f"replace({plain}, {literal(self.format.decimal)}, '.')"
        return f"CASE WHEN regexp_full_match({bare}, {literal(pattern)}) THEN try_cast({plain} AS DOUBLE) END"

    def moment(self, text: str) -> str:
        """TIMESTAMP as written, in the zone it is written in (UTC where the text carries an offset)."""
        bare = f"trim({text})"
        if self.format.date is None:
            tight = f"regexp_replace({bare}, ' (Z|[+-])', '\\1')"
            whole = f"regexp_replace({tight}, '^(.{{16}})(Z|[+-])', '\\1:00\\2')"  # an offset is understood only after seconds
            return (
                f"CASE WHEN regexp_full_match({bare}, {literal(_ISO_LOCAL)}) THEN try_cast({bare} AS TIMESTAMP) "
                f"WHEN regexp_full_match({bare}, {literal(_ISO_OFFSET)}) THEN timezone('UTC', try_cast({whole} AS TIMESTAMPTZ)) END"
            )
        date = literal(self.format.date)
        parsed = f"try_strptime({bare}, {date})"
        if self.date_has_offset:
            return f"timezone('UTC', {parsed})"
        if re.search(r"%-?[a-zA-Z]%", self.format.date):  # no mark between the parts: '1997111' would be 1 of two days
            return f"CASE WHEN strftime({parsed}, {date}) = {bare} THEN {parsed} END"
        return parsed

    def carries_offset(self, text: str) -> str:
        """Whether a text carries its own offset from UTC."""
        if self.format.date is None:
            return f"regexp_full_match(trim({text}), {literal(_ISO_OFFSET)})"
        return "TRUE" if self.date_has_offset else "FALSE"

    def utc(self, moment: str) -> str:
        """A moment without offset, as UTC.

        Where clocks are set back, a time that occurs twice is the later one (standard time); a time skipped when clocks
        are set forward is moved on by the hour.
        """
        return moment if self.zone == "UTC" else f"timezone('UTC', timezone({literal(self.zone)}, {moment}))"

    def local(self, moment: str) -> str:
        """A moment in UTC, in the project's time zone."""
        return f"local_time({moment}, {literal(self.project_zone)})"

    @property
    def expected_date(self) -> str:
        """The form of dates, in words."""
        return f"'{self.format.date}'" if self.format.date else "ISO 8601 (2017-03-31 or 2017-03-31 14:05:00)"


def reader(style: Format, *, project_zone: str, table: str, engine: Engine) -> Reader:
    """Check a format and make its reader.

    Raises:
        SettingsError: the date format or the time zone cannot be.
    """
    if style.time_zone is not None:
        try:
            ZoneInfo(style.time_zone)
        except Exception as error:
            raise SettingsError(
                f"tables.{table}.format.time_zone is '{style.time_zone}', which is no IANA time zone; write e.g. 'Europe/Berlin'.",
            ) from error
    return Reader(style, style.time_zone or project_zone, project_zone, _has_offset(style, table, engine))


def _has_offset(style: Format, table: str, engine: Engine) -> bool:
    if style.date is None:
        return False
    advice = "write it with %Y, %m, %d and, for times, %H, %M, %S, such as '%d.%m.%Y %H:%M'"
    if not all(any(part in style.date for part in parts) for parts in _DAY_PARTS):
        raise SettingsError(f"tables.{table}.format.date is '{style.date}', which does not hold year, month and day; {advice}.")
    try:
        kind = engine.rows(f"SELECT typeof(try_strptime('', {literal(style.date)}))")[0][0]
    except Exception as error:
        raise SettingsError(f"tables.{table}.format.date is '{style.date}', which is no date format; {advice}.") from error
    return "ZONE" in str(kind)
