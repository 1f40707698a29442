"""Times read and written by a pattern, as expressions of DuckDB."""

from sqlglot import exp

from graphrec_core.selects.patterns import MONTH_NAMES, MONTHS, PRINTED, Piece, printing, reading

HALF = "case when lower(spark_t.half) = 'pm' then 12 else 0 end"


def read(text: exp.Expr, pattern: str) -> exp.Expr:
    """Writes a text's time by a pattern; null where it does not fit.

    What a pattern does not have is that of 1970-01-01 00:00 UTC.

    Raises:
        PatternError: The pattern has not one meaning.
    """
    regex, names = reading(pattern)
    groups = exp.Array(expressions=[exp.Literal.string(name) for name in names])
    found = exp.Anonymous(
        this="regexp_extract", expressions=[text, exp.Literal.string(regex), groups]
    )
    body = exp.Var(this=f"lambda spark_t: {_micros(set(names))}")
    listed = exp.Anonymous(
        this="list_transform", expressions=[exp.Array(expressions=[found]), body]
    )
    first = exp.Anonymous(this="list_extract", expressions=[listed, exp.Literal.number(1)])
    return exp.Anonymous(this="make_timestamptz", expressions=[first])


def _micros(names: set[str]) -> str:
    days = f"spark_days({_year(names)}, {_month(names)}, {_number('d', names, 1)})"
    hour = _number("h", names, 0)
    if "clock" in names:
        hour = f"spark_clock_hour({_number('clock', names, 0)}, {HALF})"
    time = f"spark_seconds({hour}, {_number('mi', names, 0)}, {_number('s', names, 0)}, 86399)"
    shift = "0"
    if "shift" in names:
        shift = "case when spark_t.shift in ('z', 'Z') then 0 else spark_shift(spark_t.shift) end"
    fraction = "0"
    if "f" in names:
        fraction = "cast(left(rpad(spark_t.f, 6, '0'), 6) as bigint)"
    return (
        "case when spark_t.found <> '' then spark_micros(cast("
        f"{days} * 86400 + {time} - {shift} as hugeint) * 1000000 + {fraction}) end"
    )


def _number(name: str, names: set[str], default: int) -> str:
    return f"cast(spark_t.{name} as bigint)" if name in names else str(default)


def _year(names: set[str]) -> str:
    if "yy" in names:
        return "(2000 + cast(spark_t.yy as bigint))"
    # No year is minus nought.
    return "try_cast(nullif(spark_t.y, '-0000') as bigint)" if "y" in names else "1970"


def _month(names: set[str]) -> str:
    for name, words in (("mon", MONTHS), ("month", MONTH_NAMES)):
        if name in names:
            return f"list_position({words}, lower(spark_t.{name}))"
    return _number("m", names, 1)


def printed(time: exp.Expr, pattern: str) -> exp.Expr:
    """Writes the text of an instant, in UTC, by a pattern.

    Raises:
        PatternError: The pattern has not one meaning.
    """
    parts = [_printed(piece) for piece in printing(pattern)]
    body = exp.Var(this=f"lambda spark_t: {' || '.join(parts)}")
    local = exp.Anonymous(this="spark_cast_timestamp", expressions=[time])
    listed = exp.Anonymous(
        this="list_transform", expressions=[exp.Array(expressions=[local]), body]
    )
    return exp.Anonymous(this="list_extract", expressions=[listed, exp.Literal.number(1)])


def _printed(piece: Piece) -> str:
    if not piece.letters:
        return exp.Literal.string(piece.text).sql("duckdb")
    if piece.letters[0] == "S":
        return f"left(strftime(spark_t, '%f') || '000', {len(piece.letters)})"
    if word := PRINTED[piece.letters]:
        return f"strftime(spark_t, '{word}')"
    return "spark_year_text(spark_t)"
