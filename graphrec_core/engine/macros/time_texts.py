"""Texts as dates and times, by Spark's rules.

``[+-]year-month-day[ T]hour:minute:second.fraction zone``, cut off after any part; blanks and
control characters around it do not count. A text that Spark would complete with the clock (a time
of day alone) is none.
"""

BLANK = r"[\x00-\x20\x7F]*"
DATE = "[0-9]{4}-[0-9][0-9]-[0-9][0-9]"
TIME = rf"{DATE}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?"
LOCAL = f"{DATE}|{TIME}"
ZONED = f"{TIME}(Z|[+-](0[0-9]|1[0-7]):[0-5][0-9])"
"""The usual texts, which DuckDB reads as Spark does, in a tenth of the time."""

OFFSET = "[+-](?:[0-9]{1,2}(?::[0-9]{1,2})?|[0-9]{4}|[0-9]{6}|[0-9]{1,2}:[0-9]{2}:[0-9]{2})"
ZONE = rf"(?:[\x00-\x20]*(?:(Z|UTC|GMT|UT)|(?:UTC|GMT|UT)?({OFFSET})|([A-Za-z].*?)))?"
WHEN = (
    rf"(?s)^{BLANK}([+-]?)([0-9]{{4,6}})(?:-([0-9]{{1,2}})(?:-([0-9]{{1,2}})(?:[ T]([0-9]{{1,2}})"
    rf"(?::([0-9]{{1,2}})(?::([0-9]{{1,2}})(?:\.([0-9]*))?{ZONE})?)?)?)?)?{BLANK}$"
)
WHEN_PARTS = "['sign', 'y', 'm', 'd', 'h', 'mi', 's', 'f', 'utc', 'shift', 'region']"
DAY = (
    rf"(?s)^{BLANK}([+-]?)([0-9]{{4,7}})"
    rf"(?:-([0-9]{{1,2}})(?:-([0-9]{{1,2}})(?:[ T].*)?)?)?{BLANK}$"
)
CYCLES = 25_000
"""Whole cycles of 400 years by which years are moved, so that none is negative."""
DAYS_TO_1970 = 719_468 + CYCLES * 146_097
MAX_OFFSET = 18 * 3600


def _part(name: str, default: int) -> str:
    part = f"spark_t.{name}"
    return f"case when {part} = '' then {default} else cast({part} as bigint) end"


def _once(value: str, name: str, body: str) -> str:
    """Writes ``body`` of a value by its name; DuckDB binds and computes the value once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


_LENGTH = (
    "case when m = 2 then 28 + cast((y % 4 = 0 and y % 100 <> 0) or y % 400 = 0 as int) "
    "when m in (4, 6, 9, 11) then 30 else 31 end"
)
_MOVED = f"(y + {CYCLES * 400} - cast(m <= 2 as int))"
_DAYS = f"spark_days(cast(spark_t.sign || spark_t.y as bigint), {_part('m', 1)}, {_part('d', 1)})"
_SECONDS = (
    f"{_DAYS} * 86400 + spark_seconds({_part('h', 0)}, {_part('mi', 0)}, {_part('s', 0)}, 86399)"
)
_DATE_DAYS = _once(
    _DAYS, "spark_n", "case when spark_n between -2147483646 and 2147483646 then spark_n end"
)
_MICROS = "cast(left(rpad(spark_t.f, 6, '0'), 6) as bigint)"
_MIN_SECONDS, _MAX_SECONDS = -9_223_372_022_400, 9_223_372_036_853


def _instant(shift: str) -> str:
    """Writes the microseconds since 1970 of the parts of a text, less a shift in seconds.

    Args:
        shift: Written of the parts and of ``spark_s``, the seconds without a shift.
    """
    moved = (
        f"case when spark_m between {_MIN_SECONDS} and {_MAX_SECONDS} "
        f"then spark_m * 1000000 + {_MICROS} end"
    )
    shifted = _once(f"spark_s - {shift}", "spark_m", moved)
    return _once(f"case when spark_t.y <> '' then {_SECONDS} end", "spark_s", shifted)


def _of_parts(body: str) -> str:
    return _once(f"regexp_extract(x, '{WHEN}', {WHEN_PARTS})", "spark_t", body)


_ZONE_SHIFT = (
    f"case when spark_s between {_MIN_SECONDS} and {_MAX_SECONDS} "
    "then spark_region_seconds(spark_t.region, spark_s * 1000000) end"
)
_SHIFTED = _instant(
    "case when spark_t.shift <> '' then spark_shift(spark_t.shift) "
    f"when spark_t.region <> '' then {_ZONE_SHIFT} else 0 end"
)
_UNSHIFTED = _instant(
    "case when spark_t.shift <> '' then 0 * spark_shift(spark_t.shift) "
    f"when spark_t.region <> '' then 0 * {_ZONE_SHIFT} else 0 end"
)

MACROS = (
    # Days since 1970-01-01 of a date in the proleptic Gregorian calendar (days_from_civil of
    # H. Hinnant, "chrono-compatible low-level date algorithms"); null where there is no such date.
    f"spark_days(y, m, d) as case when m between 1 and 12 and d between 1 and {_LENGTH} then "
    f"365::bigint * {_MOVED} + {_MOVED} // 4 - {_MOVED} // 100 + {_MOVED} // 400 "
    f"+ (153 * ((m + 9) % 12) + 2) // 5 + d - 1 - {DAYS_TO_1970} end",
    "spark_micros(x) as case when x between -9223372022400000000 and 9223372036854775806 "
    "then cast(x as bigint) end",
    "spark_seconds(h, m, s, most) as case when m < 60 and s < 60 "
    "and h * 3600 + m * 60 + s <= most then h * 3600 + m * 60 + s end",
    # Seconds east of UTC of `+1`, `-0330`, `+01:00:30` and the like; null past 18 hours.
    "spark_shift(o) as case when o[1] = '-' then -1 else 1 end * case when contains(o, ':') "
    "then spark_seconds(cast(split_part(substr(o, 2), ':', 1) as bigint), "
    "cast(split_part(o, ':', 2) as bigint), "
    f"coalesce(try_cast(split_part(o, ':', 3) as bigint), 0), {MAX_OFFSET}) "
    "else spark_seconds(cast(substr(o, 2, 2) as bigint), "
    "coalesce(try_cast(substr(o, 4, 2) as bigint), 0), "
    f"coalesce(try_cast(substr(o, 6, 2) as bigint), 0), {MAX_OFFSET}) end",
    f"spark_text_to_timestamptz(x) as case when regexp_full_match(x, '{LOCAL}') "
    "then make_timestamptz(epoch_us(try_cast(x as timestamp))) "
    f"when regexp_full_match(x, '{ZONED}') then try_cast(x as timestamptz) "
    f"else make_timestamptz({_of_parts(_SHIFTED)}) end",
    f"spark_text_to_timestamp(x) as case when regexp_full_match(x, '{LOCAL}') "
    f"then try_cast(x as timestamp) else make_timestamp({_of_parts(_UNSHIFTED)}) end",
    f"spark_text_to_date(x) as case when regexp_full_match(x, '{DATE}') then try_cast(x as date) "
    f"else date '1970-01-01' + cast(list_transform([regexp_extract(x, '{DAY}', "
    "['sign', 'y', 'm', 'd'])], lambda spark_t: case when spark_t.y <> '' "
    f"then {_DATE_DAYS} end)[1] as int) end",
)
