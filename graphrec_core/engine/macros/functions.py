"""Functions of Spark that DuckDB has not, or has with another meaning."""

MACROS = (
    "spark_timestamp_seconds(x) as spark_cast_timestamptz(x)",
    "spark_timestamp_millis(x) as make_timestamptz(cast(x as bigint) * 1000)",
    "spark_timestamp_micros(x) as make_timestamptz(cast(x as bigint))",
    "spark_weekday(x) as cast(isodow(spark_cast_date(x)) - 1 as int)",
)
"""Each is called where Spark has the function without ``spark_``."""
NAMES = tuple(macro.partition("(")[0].removeprefix("spark_") for macro in MACROS)
