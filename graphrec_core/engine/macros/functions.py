"""Functions of Spark that DuckDB has not, or has with another meaning."""

from graphrec_core.engine.faults import (
    NO_ARRAY,
    NO_DAYS,
    NO_DECIMAL,
    NO_INSTANT,
    NO_INT,
    NO_NUMBER,
    NO_ORDER,
    NO_TEXT,
    REFUSED,
)
from graphrec_core.engine.macros.casts import INTEGERS, IS_DECIMAL, NTZ, NUMBERS

_WHOLE_TYPES = (*INTEGERS, "hugeint")
_NUMBERS = ", ".join(f"'{kind.upper()}'" for kind in NUMBERS if kind != "int")
_IS_NUMBER = f"typeof(x) in ({_NUMBERS}, 'INTEGER', '\"NULL\"')"
_INTS = "'TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT', '\"NULL\"'"
_UNFIT = f"error('{NO_DECIMAL}')"


def _field(name: str, of: str) -> str:
    return f"spark_{name}(x) as cast({name}(spark_{of}_of(x)) as int)"


def _rounded_to_whole(name: str) -> str:
    # As Java: what no whole number is becomes 0, or the nearest.
    real = (
        f"case when isnan(x) then 0 when x >= 9223372036854775808 then 9223372036854775807 "
        f"when x < -9223372036854775808 then -9223372036854775808 "
        f"else cast({name}(x) as bigint) end"
    )
    bodies = [f"(x {kind}) as cast(x as bigint)" for kind in _WHOLE_TYPES]
    bodies += [f"(x {kind}) as {real}" for kind in ("float", "double")]
    return ", ".join([*bodies, f"(x) as {real}"])


MACROS = (
    "spark_timestamp_seconds(x) as spark_moment_of(x)",
    "spark_timestamp_millis(x) as make_timestamptz(cast(x as bigint) * 1000)",
    "spark_timestamp_micros(x) as make_timestamptz(cast(x as bigint))",
    "spark_weekday(x) as cast(isodow(spark_date_of(x)) - 1 as int)",
    "spark_isnull(x) as x is null",
    "spark_isnotnull(x) as x is not null",
    "spark_isnan(x) as coalesce(isnan(x), false)",
    # texts
    "spark_length(x) as cast(length(spark_part(x)) as int)",
    "spark_char_length(x) as cast(length(spark_part(x)) as int)",
    "spark_instr(x, part) as cast(instr(spark_part(x), part) as int)",
    "spark_left(x, n) as left(spark_part(x), case when n < 0 then 0 else n end)",
    "spark_right(x, n) as right(spark_part(x), case when n < 0 then 0 else n end)",
    *(
        f"spark_{name}(x, n) as {name}(spark_part(x), n, ' '), (x, n, fill) as "
        f"case when fill = '' then spark_left(x, n) else {name}(spark_part(x), n, fill) end"
        for name in ("lpad", "rpad")
    ),
    *(f"spark_{name}(x) as spark_{name}_of(spark_part(x))" for name in ("lower", "upper")),
    "spark_split_part(x, mark, n) as spark_split_part_of(spark_part(x), mark, n)",
    # days and times
    *(
        _field(name, "date")
        for name in ("year", "quarter", "month", "day", "dayofmonth", "dayofyear", "weekofyear")
    ),
    *(_field(name, "moment") for name in ("hour", "minute", "second")),
    "spark_dayofweek(x) as cast(dayofweek(spark_date_of(x)) + 1 as int)",
    "spark_date_add(x, n) as spark_date_of(x) + spark_int_of(n)",
    "spark_date_sub(x, n) as spark_date_of(x) - spark_int_of(n)",
    "spark_add_months(x, n) as cast(spark_date_of(x) + to_months(spark_int_of(n)) as date)",
    *(
        f"spark_{name}(x, since) as cast(spark_date_of(x) - spark_date_of(since) as int)"
        for name in ("datediff", "date_diff")
    ),
    "spark_date_from_unix_date(n) as date '1970-01-01' + spark_int_of(n)",
    "spark_unix_date(x) as cast(x - date '1970-01-01' as int)",
    "spark_date_trunc(unit, x) as date_trunc(unit, spark_moment_of(x))",
    # arrays
    "spark_size(x) as cast(len(x) as int)",
    "spark_array_size(x) as cast(len(x) as int)",
    "spark_get(x, n) as case when n >= 0 then list_extract(x, n + 1) end",
    "spark_array_contains(x, value) as case when x is null or value is null then null "
    "when list_contains(x, value) then true "
    "when len(x) > list_count(x) then null else false end",
    "spark_array_join(x, mark) as spark_joined(x, mark), (x, mark, fill) as spark_joined("
    "list_transform(x, lambda spark_j: coalesce(spark_try_varchar(spark_j), fill)), mark)",
    "spark_slice(x, start, n) as case when x is not null and (start = 0 or n < 0) "
    f"then error('{REFUSED} a part from 0, or of a negative length: parts begin at 1.') "
    "when start > 0 then list_slice(x, start, start + n - 1) when start + len(x) < 0 then x[1:0] "
    "else list_slice(x, len(x) + start + 1, len(x) + start + n) end",
    "spark_try_element_at(x, n) as case when n = 0 and x is not null "
    f"then error('{REFUSED} place 0 of an array: places begin at 1.') else x[n] end",
    # numbers
    *(
        f"spark_{name}(x) as case when {IS_DECIMAL} then {_UNFIT} else spark_{name}_of(x) end"
        for name in ("floor", "ceil")
    ),
    f"spark_round(x) as case when {IS_DECIMAL} then {_UNFIT} when not {_IS_NUMBER} "
    f"then error('{NO_NUMBER}') else spark_round_of(x, 0) end, "
    f"(x, n) as case when {IS_DECIMAL} then {_UNFIT} when not {_IS_NUMBER} "
    f"then error('{NO_NUMBER}') else spark_round_of(x, n) end",
    *(
        f"spark_{name}(x) as case when isnan(cast(x as double)) then cast(x as double) "
        "when x > 0 then 1e0 when x < 0 then -1e0 else cast(x as double) end"
        for name in ("sign", "signum")
    ),
    "spark_locate(part, x) as spark_instr(x, part)",
    "spark_try_divide(x, y) as spark_divide(x, nullif(y, 0))",
)
"""Each is called where Spark has the function without ``spark_``."""
NAMES = tuple(macro.partition("(")[0].removeprefix("spark_") for macro in MACROS)
DATED = frozenset(
    name
    for name, macro in zip(NAMES, MACROS, strict=True)
    if "_date_of(" in macro or "_moment_of(" in macro
)
"""Functions of dates and times; a constant may stand for one."""
_IS_FIXED = " or ".join(f"starts_with(typeof({each}), 'DECIMAL')" for each in "xy")
_IS_REAL = " or ".join(f"typeof({each}) in ('DOUBLE', 'FLOAT')" for each in "xy")
PARTS = (
    "spark_joined(x, mark) as case when x is null or mark is null then null "
    "else coalesce(array_to_string("
    "list_transform(x, lambda spark_j: spark_try_varchar(spark_j)), mark), '') end",
    *(
        f"spark_{name}_of(x) as case when typeof(x) = 'VARCHAR' then error('{NO_TEXT}') "
        f"else spark_cast_{kind}(x) end"
        for name, kind in (("date", "date"), ("moment", "timestamptz"))
    ),
    f"spark_int_of(n) as case when typeof(n) in ({_INTS}) then cast(n as int) "
    f"else error('{NO_INT}') end",
    f"spark_instant(x) as case when typeof(x) = 'DATE' then error('{NO_INSTANT}') else x end",
    # What these ask of a type DuckDB knows before it reads a row.
    f"spark_exact(x) as case when {IS_DECIMAL} then {_UNFIT} "
    f"when not {_IS_NUMBER} then error('{NO_NUMBER}') else x end",
    f"spark_number(x) as case when {IS_DECIMAL} or {_IS_NUMBER} then x "
    f"else error('{NO_NUMBER}') end",
    f"spark_ordered(x) as case when typeof(x) like '%]' then error('{NO_ORDER}') else x end",
    "spark_minus(x, y) as case when typeof(x) = 'DATE' and typeof(y) = 'DATE' "
    f"then error('{NO_DAYS}') else x - y end",
    *(
        f"spark_{name}_of(x) as case when regexp_full_match(x, '[\\x00-\\x7F]*') then {name}(x) "
        f"else spark_odd_{name}(x) end"
        for name in ("lower", "upper")
    ),
    "spark_split_part_of(x, mark, n) as case when x is not null and mark is not null and n = 0 "
    f"then error('{REFUSED} part 0 of a text: parts begin at 1.') when mark = '' "
    "then case when n in (1, -1) then x else '' end else split_part(x, mark, n) end",
    "spark_part(x) as case when typeof(x) like '%]' "
    f"then error('{NO_ARRAY}') "
    "else spark_try_varchar(x) end",
    f"spark_divide(x, y) as case when ({_IS_FIXED}) and not ({_IS_REAL}) then {_UNFIT} "
    f"when x is not null and y = 0 then error('{REFUSED} a division by zero: use try_divide.') "
    "else cast(x as double) / cast(y as double) end",
    f"spark_div(x, y) as case when {_IS_FIXED} then {_UNFIT} "
    f"when x is not null and y = 0 then error('{REFUSED} a division by zero: use nullif(y, 0).') "
    "else cast(x // y as bigint) end",
    f"spark_mod(x, y) as case when x is not null and y = 0 then error('{REFUSED} a remainder by "
    "zero: use nullif(y, 0).') else x % y end",
    "spark_substring(x, start) as substring(spark_part(x), "
    "case when start = 0 then 1 else start end), "
    "(x, start, n) as substring(spark_part(x), case when start = 0 then 1 else start end, "
    "case when n < 0 then 0 else n end)",
    f"spark_at(x, n) as case when typeof(x) not like '%]' "
    f"then error('{REFUSED} a place of what is no array: use substring.') "
    f"when n < 0 or n >= len(x) then error('{REFUSED} a place outside of an array: use get.') "
    "else list_extract(x, n + 1) end",
    "spark_days_later(x date, shift) as cast(x + shift as date)"
    + "".join(f", (x {kind}, shift) as x + shift" for kind in (*NTZ, "timestamptz")),
    "spark_later(x date, shift) as spark_cast_timestamptz(x) + shift"
    + "".join(f", (x {kind}, shift) as x + shift" for kind in (*NTZ, "timestamptz")),
)
"""What functions and operators are made of."""
OVERLOADED = {
    "spark_floor_of": _rounded_to_whole("floor"),
    "spark_ceil_of": _rounded_to_whole("ceil"),
    "spark_round_of": ", ".join(
        [
            *(f"(x {kind}, scale) as x" for kind in _WHOLE_TYPES),
            *(
                f"(x {kind}, scale) as case when not isfinite(x) or abs(x) >= 1e15 then x "
                "when spark_is_native_of(x, scale) then round(x, scale) + 0 "
                f"else try_cast(spark_odd_fixed(cast(x as varchar), scale) as {kind}) + 0 end"
                for kind in ("float", "double")
            ),
            "(x, scale) as x",
        ]
    ),
}
"""Macros with one body per type: name -> its parameters and bodies."""
