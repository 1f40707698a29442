"""Texts as numbers and truth values, by Spark's rules (those of Java's parsers)."""

BLANK = r"[\x00-\x20\x7F]*"
LOW = r"[\x00-\x20]*"
WHOLE = "[+-]?[0-9]+"
REAL = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?"
SIMPLE = r"[+-]?([0-9]{1,18}\.?[0-9]{0,18}|\.[0-9]{1,18})"
"""A number that DuckDB reads exactly as a decimal of any size."""
TRUE = f"{BLANK}([tT]([rR][uU][eE])?|[yY]([eE][sS])?|1){BLANK}"
FALSE = f"{BLANK}([fF]([aA][lL][sS][eE])?|[nN][oO]?|0){BLANK}"
SPECIAL = (
    f"case when regexp_full_match(x, '(?i){LOW}[+]?inf(inity)?{LOW}') then 'inf' "
    f"when regexp_full_match(x, '(?i){LOW}-inf(inity)?{LOW}') then '-inf' "
    f"when regexp_full_match(x, '{LOW}((?i:nan)|[+-]NaN){LOW}') then 'nan' "
    "else spark_odd_real(x) end"
)
INTEGERS = ("tinyint", "smallint", "int", "bigint")


def _integer(kind: str) -> str:
    return (
        f"spark_text_to_{kind}(x) as case "
        f"when regexp_full_match(x, '{WHOLE}') then try_cast(x as {kind}) "
        f"when regexp_full_match(x, '{BLANK}{WHOLE}{BLANK}') "
        f"then try_cast(regexp_extract(x, '{WHOLE}') as {kind}) end"
    )


MACROS = (
    *map(_integer, INTEGERS),
    f"spark_text_to_double(x) as case when regexp_full_match(x, '{REAL}') "
    f"then try_cast(x as double) when regexp_full_match(x, '{LOW}{REAL}[dDfF]?{LOW}') "
    f"then try_cast(regexp_extract(x, '{REAL}') as double) else try_cast({SPECIAL} as double) end",
    "spark_text_to_boolean(x) as case when x in ('true', '1') then true "
    f"when x in ('false', '0') then false when regexp_full_match(x, '{TRUE}') then true "
    f"when regexp_full_match(x, '{FALSE}') then false end",
)
