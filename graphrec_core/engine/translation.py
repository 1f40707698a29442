"""Spark's expressions as DuckDB's: casts and functions become the macros that mean the same."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from graphrec_core.engine.macros import functions
from graphrec_core.engine.macros.casts import CASTS
from graphrec_core.engine.pattern_macros import printed, read
from graphrec_core.sources.patterns import DEFAULT

Arguments = Sequence[exp.Expr]
NAMES = {"TEXT": "varchar", "REAL": "float", "FLOAT": "float"}
"""DuckDB's types under other names than the macros have."""
DEFAULT_DECIMAL = (10, 0)


def translate(tree: exp.Expr) -> None:
    """Changes a query of Spark into one of DuckDB, in place."""
    for node in reversed(list(tree.walk(bfs=False))):  # what is within an expression first
        translated = _translate_node(node)
        if translated is not node:
            node.replace(translated)


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Expr:
    """Writes the call of a macro; texts and numbers are literals."""
    parts = [arg if isinstance(arg, exp.Expr) else exp.convert(arg) for arg in arguments]
    return exp.Anonymous(this=f"spark_{name}", expressions=parts)


def _translate_node(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Cast):  # a TryCast is one too
        return _cast(node)
    if isinstance(node, exp.Ln | exp.Log):
        return _logarithm(node)
    if isinstance(node, exp.Anonymous) and node.name.lower() in FUNCTIONS:
        write = FUNCTIONS[node.name.lower()]
        value, *others = [argument.copy() for argument in node.expressions]
        return _of_aggregate(value, lambda one: write([one, *others]))
    return node


def _of_aggregate(value: exp.Expr, write: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Writes an expression of a value, behind a list where the value is that of an aggregate.

    DuckDB does not know the type of an aggregate while it chooses a macro's body.
    """
    if not value.find(exp.AggFunc):
        return write(value)
    each = _each(exp.Array(expressions=[value]), write(exp.column("spark_e")))
    return exp.Anonymous(this="list_extract", expressions=[each, exp.convert(1)])


def _logarithm(node: exp.Ln | exp.Log) -> exp.Expr:
    """Leaves out what has no logarithm: it is null on Spark, -infinity or NaN on DuckDB."""
    for key, value in list(node.args.items()):
        if isinstance(value, exp.Expr):
            positive = exp.GT(this=value.copy(), expression=exp.convert(0))
            node.set(key, exp.Case(ifs=[exp.If(this=positive, true=value.copy())]))
    return node


def _cast(node: exp.Cast) -> exp.Expr:
    value = node.this
    if isinstance(value, exp.Null):
        return node
    is_try = isinstance(node, exp.TryCast)
    if _converted(exp.column("spark_e"), node.to, is_try=is_try) is None:
        return node
    return _of_aggregate(value.copy(), lambda one: _converted(one, node.to, is_try=is_try) or node)


def _converted(value: exp.Expr, to: exp.DataType, *, is_try: bool) -> exp.Expr | None:
    written = to.sql("duckdb")
    kind = NAMES.get(written, written.lower())
    if kind in CASTS:
        return call(f"{'try' if is_try else 'cast'}_{kind}", value)
    if to.this == exp.DataType.Type.DECIMAL:
        return _to_decimal(value, to, is_try=is_try)
    if to.this == exp.DataType.Type.ARRAY and to.expressions:
        body = _converted(exp.column("spark_e"), to.expressions[0], is_try=is_try)
        return body and _each(value, body)
    return None


def _each(array: exp.Expr, body: exp.Expr) -> exp.Expr:
    each = exp.Var(this=f"lambda spark_e: {body.sql('duckdb')}")
    return exp.Anonymous(this="list_transform", expressions=[array, each])


def _to_decimal(value: exp.Expr, to: exp.DataType, *, is_try: bool) -> exp.Expr:
    sizes = [int(size.this.name) for size in to.expressions]
    precision, scale = (*sizes, 0)[:2] if sizes else DEFAULT_DECIMAL
    kind = exp.DataType.build(f"decimal({precision}, {scale})", dialect="duckdb")
    native = exp.TryCast(this=value.copy(), to=kind)
    odd = exp.TryCast(this=call("fixed", value.copy(), scale), to=kind.copy())
    is_native = call("is_native", value.copy(), scale)
    tried = exp.Case(ifs=[exp.If(this=is_native, true=native)], default=odd)
    return tried if is_try else call("sure", value, tried, f"decimal({precision},{scale})")


def _conversion(to: str, *, is_try: bool = False) -> Callable[[Arguments], exp.Expr]:
    """Makes the writer of a function that converts a value, by a pattern where it has one."""

    def written(arguments: Arguments) -> exp.Expr:
        way = "try" if is_try else "cast"
        value, *pattern = arguments
        if not pattern:
            return call(f"{way}_{to}", value)
        time = read(value, pattern[0].name)
        if not is_try:
            time = call("sure", value.copy(), time, f"a time, `{pattern[0].name}`")
        return call(f"cast_{to}", time)

    return written


def _unix_timestamp(arguments: Arguments) -> exp.Expr:
    value, *pattern = arguments
    text = pattern[0].name if pattern else DEFAULT
    time = read(call("time_text", value), text)
    return call("unix_timestamp", value, time, f"a time, `{text}`")


def _from_unixtime(arguments: Arguments) -> exp.Expr:
    value, *pattern = arguments
    time = call("cast_timestamptz", call("cast_bigint", value))
    return printed(time, pattern[0].name if pattern else DEFAULT)


def _date_format(arguments: Arguments) -> exp.Expr:
    value, pattern = arguments
    return printed(call("cast_timestamptz", value), pattern.name)


def _macro(name: str) -> Callable[[Arguments], exp.Expr]:
    return lambda arguments: call(name, *arguments)


FUNCTIONS: dict[str, Callable[[Arguments], exp.Expr]] = {
    **{name: _macro(name) for name in functions.NAMES},
    "to_timestamp": _conversion("timestamptz"),
    "try_to_timestamp": _conversion("timestamptz", is_try=True),
    "to_date": _conversion("date"),
    "try_to_date": _conversion("date", is_try=True),
    "unix_timestamp": _unix_timestamp,
    "to_unix_timestamp": _unix_timestamp,
    "from_unixtime": _from_unixtime,
    "date_format": _date_format,
}
"""Spark's functions -> how each is written for DuckDB, given its arguments."""
