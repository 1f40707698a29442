"""Casts: for each type to cast to, what is done with each type that a value may have.

``spark_try_<type>`` gives null for a value that cannot be converted, ``spark_cast_<type>`` an
error. A decimal cannot be told by a macro's parameter, whatever its size: ``typeof`` tells it.
"""

from collections.abc import Mapping

from graphrec_core.engine.faults import REFUSED
from graphrec_core.engine.macros.number_texts import SIMPLE

INTEGERS = ("tinyint", "smallint", "int", "bigint")
WHOLE = (
    *INTEGERS, "hugeint", "utinyint", "usmallint", "uinteger", "ubigint",
)  # fmt: skip
NUMBERS = (*WHOLE, "float", "double")
NTZ = ("timestamp", "timestamp_ns", "timestamp_ms", "timestamp_s")
MOMENTS = ("date", *NTZ, "timestamptz")
TYPES = ("varchar", "boolean", *NUMBERS, *MOMENTS)
SPARK_NAMES = {"timestamptz": "timestamp", "timestamp": "timestamp_ntz", "varchar": "string"}
DECIMAL = "decimal(38, 10)"
IS_DECIMAL = "starts_with(typeof(x), 'DECIMAL')"
MICROS = "epoch_us(x)"


def _all(types: tuple[str, ...], body: str) -> dict[str, str]:
    return dict.fromkeys(types, body)


def _to_integer(kind: str) -> dict[str, str]:
    real = f"try_cast(trunc(x) as {kind})"
    if kind == "bigint":  # as Java: the first double past the largest long is that long
        real = f"case when trunc(x) = 9223372036854775808 then 9223372036854775807 else {real} end"
    return {
        "varchar": f"spark_text_to_{kind}(x)",
        **_all(("boolean", *WHOLE), f"try_cast(x as {kind})"),
        **_all(("float", "double"), real),
        "timestamptz": f"try_cast(epoch_us(x) // 1000000 - cast(epoch_us(x) % 1000000 < 0 as int) "
        f"as {kind})",
    }


def _number_text(fixed: str) -> str:
    return (
        "case when isnan(x) then 'NaN' when isinf(x) then "
        "case when x > 0 then 'Infinity' else '-Infinity' end "
        f"when x = 0 or abs(x) >= 1e-3 and abs(x) < 1e7 then {fixed} "
        f"else spark_scientific({fixed}) end"
    )


_SCALED = "(x * pow(10, scale))"
IS_NATIVE = {
    "varchar": f"regexp_full_match(x, '{SIMPLE}')",
    **_all(("boolean", *WHOLE), "true"),
    # Whole numbers of the last place are exact, and the number is not close to half of one.
    **_all(
        ("float", "double"),
        f"coalesce(abs({_SCALED}) < 1e15 and "
        f"abs(abs({_SCALED} - trunc({_SCALED})) - 0.5) > abs({_SCALED}) * 4e-16, false)",
    ),
    "timestamptz": "false",
}
"""Whether DuckDB's cast to a decimal is right: a real number is rounded as it is written."""
FIXED = {
    **_all(("varchar", "double"), "spark_odd_fixed(cast(x as varchar), scale)"),
    "float": "spark_odd_fixed(cast(cast(x as double) as varchar), scale)",
    "timestamptz": "spark_odd_fixed(epoch_us(x) || 'e-6', scale)",
    **_all(("boolean", *WHOLE), "cast(x as varchar)"),
}
"""The text that DuckDB casts to a decimal where its own cast is wrong."""


DATES = {
    "varchar": "spark_text_to_date(x)",
    "date": "x",
    **_all(NTZ, "cast(x as date)"),
    "timestamptz": "cast(make_timestamp(epoch_us(x)) as date)",
}
_FROM_SECONDS = "make_timestamptz(spark_micros(cast(x as hugeint) * 1000000))"
TIMES = {
    "varchar": "spark_text_to_timestamptz(x)",
    **_all(WHOLE, _FROM_SECONDS),
    **_all(
        ("float", "double"),
        "make_timestamptz(spark_micros(try_cast(trunc(cast(x as double) * 1000000) as hugeint)))",
    ),
    "date": "make_timestamptz(epoch_us(x))",
    **_all(NTZ, "make_timestamptz(epoch_us(x))"),
    "timestamptz": "x",
}
LOCAL_TIMES = {
    "varchar": "spark_text_to_timestamp(x)",
    "date": "cast(x as timestamp)",
    **_all(NTZ, "cast(x as timestamp)"),
    "timestamptz": "make_timestamp(epoch_us(x))",
}
DOUBLES = {
    "varchar": "spark_text_to_double(x)",
    **_all(("boolean", *NUMBERS), "cast(x as double)"),
    "timestamptz": "cast(epoch_us(x) / 1000000.0 as double)",
}
TRUTHS = {
    "varchar": "spark_text_to_boolean(x)",
    "boolean": "x",
    **_all(NUMBERS, "x <> 0"),
}
_DATE = (
    "case when year(x) between 1 and 9999 then cast(x as varchar) else spark_year_text(x) "
    "|| strftime(x, '-%m-%d') end"
)
_TIME = (
    "case when year(x) between 1 and 9999 then cast(x as varchar) "
    "else spark_year_text(x) || strftime(x, '-%m-%d %H:%M:%S') "
    "|| case when epoch_us(x) % 1000000 = 0 then '' else rtrim(strftime(x, '.%f'), '0') end end"
)
TEXTS = {
    "varchar": "cast(x as varchar)",
    **_all(("boolean", *WHOLE), "cast(x as varchar)"),
    **_all(("float", "double"), _number_text("cast(x as varchar)")),
    "date": _DATE,
    "timestamp": _TIME,
    **_all(NTZ[1:], "spark_try_varchar_of(cast(x as timestamp))"),
    "timestamptz": "spark_try_varchar_of(make_timestamp(epoch_us(x)))",
}
CASTS: dict[str, Mapping[str, str]] = {
    **{kind: _to_integer(kind) for kind in INTEGERS},
    "double": DOUBLES,
    "boolean": TRUTHS,
    "date": DATES,
    "timestamptz": TIMES,
    "timestamp": LOCAL_TIMES,
    "varchar": TEXTS,
}
_DIGITS = "cast(x as varchar)"
OF_DECIMAL = {
    **{kind: f"try_cast(regexp_replace({_DIGITS}, '\\..*', '') as {kind})" for kind in INTEGERS},
    "double": f"try_cast({_DIGITS} as double)",
    "boolean": f"regexp_matches({_DIGITS}, '[1-9]')",
    "varchar": _DIGITS,
    "timestamptz": "make_timestamptz(spark_micros(try_cast(trunc("
    f"try_cast({_DIGITS} as decimal(38, 18)) * 1000000) as hugeint)))",
}
"""What is done with a decimal, by its digits; DuckDB tries it on constants of other types too."""


def _overloads(kind: str, bodies: Mapping[str, str], takes: str = "x") -> str:
    parts = []
    for source in TYPES:
        rest = takes.removeprefix("x")
        body = bodies.get(source, f"cast({_refusal(_quoted(kind))} as {kind})")
        parts.append(f"(x {source}{rest}) as {body}")
    rest = takes.removeprefix("x")
    # A decimal of any size comes here, unless it was sorted out before.
    parts.append(f"(x {DECIMAL}{rest}) as {bodies.get(DECIMAL, f'cast(null as {kind})')}")
    return ", ".join([*parts, f"({takes}) as try_cast(x as {kind})"])


def _refusal(kind: str) -> str:
    """Writes the error of a value that is there; ``kind`` is SQL."""
    shown = "left(cast(x as varchar), 60)"
    return (
        f"case when x is not null then "
        f"error('{REFUSED} `' || {shown} || '` to ' || {kind} || '.') end"
    )


def _quoted(kind: str) -> str:
    return f"'{_spark_name(kind)}'"


def _spark_name(kind: str) -> str:
    return SPARK_NAMES.get(kind, kind)


def _try(kind: str) -> str:
    body = f"spark_try_{kind}_of(x)"
    if kind in OF_DECIMAL:
        body = f"case when {IS_DECIMAL} then {OF_DECIMAL[kind]} else {body} end"
    return f"spark_try_{kind}(x) as {body}"


def _strict(kind: str) -> str:
    refusal = _refusal(_quoted(kind))
    return f"spark_cast_{kind}(x) as coalesce(spark_try_{kind}(x), {refusal})"


MACROS = (
    "spark_year_text(x) as case when year(x) > 9999 then '+' || year(x) when year(x) < -9999 "
    "then cast(year(x) as varchar) when year(x) < 0 "
    "then '-' || lpad(cast(-year(x) as varchar), 4, '0') "
    "else lpad(cast(year(x) as varchar), 4, '0') end",
    "spark_mantissa(digits) as left(digits, 1) || '.' || "
    "coalesce(nullif(substr(digits, 2), ''), '0')",
    # The text of a number whose size Java writes with an exponent.
    "spark_scientific(t) as list_transform([regexp_extract(t, "
    "'^(-?)0*([0-9]*)\\.?([0-9]*)(?:e([+-]?[0-9]+))?$', ['sign', 'whole', 'rest', 'e'])], "
    "lambda spark_p: spark_p.sign "
    "|| spark_mantissa(rtrim(ltrim(spark_p.whole || spark_p.rest, '0'), '0')) || 'E' || "
    "(coalesce(try_cast(spark_p.e as int), 0) "
    "+ case when spark_p.whole <> '' then length(spark_p.whole) - 1 "
    "else length(ltrim(spark_p.rest, '0')) - length(spark_p.rest) - 1 end))[1]",
    *map(_try, CASTS),
    *map(_strict, CASTS),
    f"spark_is_native(x, scale) as {IS_DECIMAL} or spark_is_native_of(x, scale)",
    # For a value that a decimal of some precision and scale, or an array's element, cannot hold.
    # The seconds of a time, or of a text that was read by a pattern.
    "spark_time_text(x) as spark_time_text_of(x)",
    "spark_seconds_of(time) as epoch_us(time) // 1000000",
    f"spark_unix_timestamp(x, found, kind) as coalesce("
    f"spark_seconds_of(coalesce(spark_time_of(x), found)), {_refusal('kind')})",
    "spark_clock_hour(clock, half) as case when clock between 1 and 12 then clock % 12 + half end",
    f"spark_sure(x, found, kind) as coalesce(found, {_refusal('kind')})",
)
OVERLOADED = {
    **{f"spark_try_{kind}_of": _overloads(kind, bodies) for kind, bodies in CASTS.items()},
    "spark_is_native_of": _overloads("boolean", IS_NATIVE, "x, scale"),
    "spark_time_text_of": _overloads("varchar", {"varchar": "x", **_all(MOMENTS, "null")}),
    "spark_time_of": _overloads(
        "timestamptz", {"varchar": "null", **{kind: TIMES[kind] for kind in MOMENTS}}
    ),
    "spark_fixed": _overloads("varchar", FIXED, "x, scale"),
}
"""Macros with one body per type: name -> its parameters and bodies."""
