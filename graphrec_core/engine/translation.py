"""Spark's expressions as DuckDB's: casts and functions become the macros that mean the same."""

from collections.abc import Callable, Sequence

from sqlglot import exp

from graphrec_core.engine.macros import functions
from graphrec_core.engine.macros.casts import CASTS
from graphrec_core.engine.pattern_macros import printed, read
from graphrec_core.engine.strict_texts import is_plain
from graphrec_core.selects.calls import FIELDS
from graphrec_core.selects.patterns import DEFAULT

Arguments = Sequence[exp.Expr]
NAMES = {"TEXT": "varchar"}
"""DuckDB's types under other names than the macros have."""
DEFAULT_DECIMAL = (10, 0)
DEEPEST = 2
"""How deep macros are nested before their value is put behind a list."""


def translate(tree: exp.Expr) -> None:
    """Changes a query of Spark into one of DuckDB, in place."""
    # Listed before anything changes, and from the leaves up: what is written for an expression
    # holds its parts, which must be translated by then.
    for node in reversed(list(tree.walk(bfs=False))):
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
        is_dated = node.name.lower() in functions.DATED
        arguments = [_moment(one) if is_dated else one for one in node.expressions]
        return _bound(arguments, FUNCTIONS[node.name.lower()])
    return OPERATORS[type(node)](node) if type(node) in OPERATORS else node


def _moment(value: exp.Expr) -> exp.Expr:
    """Writes a constant that is a date or time as one."""
    is_text = isinstance(value, exp.Literal) and value.is_string
    is_time = is_text and is_plain(value.name, is_compared=False)
    return call("cast_timestamptz", value.copy()) if is_time else value


def _bound(arguments: Arguments, write: Callable[[Arguments], exp.Expr]) -> exp.Expr:
    """Writes an expression of values, behind a list where one of them is that of an aggregate.

    DuckDB does not know the type of an aggregate while it chooses a macro's body. What is deep is
    put there too: a macro names its values often, and each nesting would multiply them.
    """
    values = [argument.copy() for argument in arguments]
    if not any(_is_kept(value) for value in values):
        return write(values)
    fields, parts = list[exp.Expr](), list[exp.Expr]()
    for value in values:
        if isinstance(value, exp.Literal):
            parts.append(value)
            continue
        name = f"v{len(fields)}"
        fields.append(exp.PropertyEQ(this=exp.to_identifier(name), expression=value))
        parts.append(exp.column(name, "spark_e"))
    # list_transform([{v0: max(x)}], lambda spark_e: <expression of spark_e.v0>)[1]
    each = _each(exp.Array(expressions=[exp.Struct(expressions=fields)]), write(parts))
    return exp.Anonymous(this="list_extract", expressions=[each, exp.convert(1)])


def _is_kept(value: exp.Expr) -> bool:
    return value.find(exp.AggFunc, exp.Window) is not None or _depth(value) > DEEPEST


def _depth(value: exp.Expr) -> int:
    """Counts how deep macros are nested in each other."""
    inner = max(map(_depth, value.iter_expressions()), default=0)
    return inner + (isinstance(value, exp.Anonymous) and value.name.startswith("spark_"))


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
    if isinstance(value, exp.Literal) and not value.is_string and node.is_type("double"):
        # Such as 0.5D: the double next to the digits, without the macro for what has no type yet.
        digits = value.name if "e" in value.name.lower() else f"{value.name}e0"
        return exp.Cast(this=exp.Literal.number(digits), to=node.to)
    is_try = isinstance(node, exp.TryCast)
    # A type without macros of its own is converted alike by both engines.
    if _converted(exp.column("spark_e"), node.to, is_try=is_try) is None:
        return node
    return _bound([value], lambda one: _converted(one[0], node.to, is_try=is_try) or node)


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
    # DuckDB's cast serves where a macro finds that it rounds as Spark's does; other values are
    # rounded as text first.
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
        # A text that does not fit the pattern is null so far; unless one tries, it is an error.
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
    time = call("cast_timestamptz", call("cast_bigint", call("number", value)))
    return printed(time, pattern[0].name if pattern else DEFAULT)


def _date_format(arguments: Arguments) -> exp.Expr:
    value, pattern = arguments
    return printed(call("moment_of", _moment(value)), pattern.name)


def _macro(name: str) -> Callable[[Arguments], exp.Expr]:
    return lambda arguments: call(name, *arguments)


FUNCTIONS: dict[str, Callable[[Arguments], exp.Expr]] = {
    **{name: _macro(name) for name in functions.NAMES},
    "every": lambda arguments: exp.LogicalAnd(this=arguments[0]),
    "mean": lambda arguments: _checked("exact")(exp.Avg(this=arguments[0])),
    "some": lambda arguments: exp.LogicalOr(this=arguments[0]),
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


def _of_text(node: exp.Expr) -> exp.Expr:
    """Writes what a function of texts is given as Spark's text."""
    node.set("this", _text(node.this))
    return node


def _trim(node: exp.Expr) -> exp.Expr:
    """Names the letter: DuckDB takes other blanks than a space away, too."""
    _of_text(node)
    if not node.args.get("expression"):
        node.set("expression", exp.Literal.string(" "))
    return node


def _of_texts(node: exp.Expr) -> exp.Expr:
    """Writes what is joined as Spark's texts."""
    for name in ("this", "expression", "expressions"):
        parts = node.args.get(name)
        if isinstance(parts, exp.Expr):
            node.set(name, _text(parts))
        elif parts:
            node.set(name, [_text(part) for part in parts])
    return node


def _text(value: exp.Expr) -> exp.Expr:
    is_text = isinstance(value, exp.Literal | exp.DPipe | exp.Concat) or (
        isinstance(value, exp.Anonymous) and value.name in {"spark_part", "spark_cast_varchar"}
    )
    return value.copy() if is_text else _bound([value], _macro("part"))


def _binary(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: _bound([node.this, node.expression], _macro(name))


def _substring(node: exp.Expr) -> exp.Expr:
    parts = [node.this, node.args.get("start") or exp.convert(1), node.args.get("length")]
    return _bound([part for part in parts if part is not None], _macro("substring"))


def _place(node: exp.Expr) -> exp.Expr:
    """Writes ``array[0]``; a map's key may be a text only, and is left."""
    (place,) = node.expressions
    is_key = isinstance(place, exp.Literal) and place.is_string
    if node.args.get("offset") or node.args.get("safe") or is_key:
        return node
    return _bound([node.this, place], _macro("at"))


def _shift(node: exp.Expr) -> exp.Expr:
    """Writes a date or time plus or minus an interval; a date's days and months stay a date."""
    value, shift = node.this, node.expression
    if isinstance(value, exp.Interval) and type(node) is exp.Add:
        value, shift = shift, value  # `interval 1 day + at`
    if not isinstance(shift, exp.Interval):
        return _difference(node)
    name = "days_later" if shift.text("unit").upper().rstrip("S") in DATE_UNITS else "later"
    by = exp.Neg(this=shift.copy()) if type(node) is exp.Sub else shift
    return _bound([value, by], _macro(name))


def _difference(node: exp.Expr) -> exp.Expr:
    """Writes a difference that is none of dates: two of them are an interval on Spark."""
    sides = (node.this, node.expression)
    if type(node) is not exp.Sub or any(isinstance(side, exp.Literal) for side in sides):
        return node
    return call("minus", *(side.copy() for side in sides))


def _like(node: exp.Expr) -> exp.Expr:
    """Names the letter that takes a sign of the pattern for itself: DuckDB has none of its own."""
    pattern = _of_text(node).expression
    is_plain = isinstance(pattern, exp.Literal) and "\\" not in pattern.name
    if is_plain or isinstance(pattern, exp.Any | exp.All) or isinstance(node.parent, exp.Escape):
        return node
    return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))


def _numbered(node: exp.Expr) -> exp.Expr:
    # Spark numbers rows by int, DuckDB by bigint.
    if isinstance(node.this, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Ntile):
        return exp.Cast(this=node.copy(), to=exp.DataType.build("int"))
    return node


def _checked(name: str) -> Callable[[exp.Expr], exp.Expr]:
    """Writes a function of values that a macro lets pass."""

    def written(node: exp.Expr) -> exp.Expr:
        values = node.this.expressions if isinstance(node.this, exp.Distinct) else [node.this]
        for value in values:
            value.replace(call(name, value.copy()))
        return node

    return written


def _percentile(node: exp.Expr) -> exp.Expr:
    for ordered in node.expression.expressions:
        ordered.set("this", call("exact", ordered.this.copy()))
    return node


def _extreme(name: str) -> Callable[[exp.Expr], exp.Expr]:
    """Writes max_by or min_by: the value may be null."""
    return lambda node: exp.AnonymousAggFunc(
        this=name, expressions=[node.this.copy(), call("ordered", node.expression.copy())]
    )


DATE_UNITS = frozenset(["DAY", "WEEK", "MONTH", "YEAR", "QUARTER"])
OPERATORS: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    **dict.fromkeys(
        (
            *(exp.Ascii, exp.Contains, exp.EndsWith, exp.Overlay, exp.RegexpExtract),
            *(exp.RegexpLike, exp.RegexpReplace, exp.RegexpSplit, exp.Repeat, exp.Replace),
            *(exp.StartsWith, exp.Translate),
        ),
        _of_text,
    ),
    exp.Trim: _trim,
    exp.DPipe: _of_texts,
    exp.Concat: _of_texts,
    exp.ConcatWs: _of_texts,
    exp.Div: _binary("divide"),
    exp.IntDiv: _binary("div"),
    exp.Mod: _binary("mod"),
    exp.Substring: _substring,
    exp.Bracket: _place,
    exp.Add: _shift,
    exp.Sub: _shift,
    exp.Window: _numbered,
    exp.Floor: lambda node: _bound([node.this], _macro("floor")),
    exp.Ceil: lambda node: _bound([node.this], _macro("ceil")),
    exp.LastDay: lambda node: exp.LastDay(this=call("date_of", _moment(node.this.copy()))),
    exp.Extract: lambda node: _bound(
        [_moment(node.expression)], _macro(FIELDS[node.name.lower()])
    ),
    exp.StrPosition: lambda node: _bound([node.this, node.args["substr"]], _macro("instr")),
    exp.Like: _like,
    exp.ILike: _like,
    exp.Avg: _checked("exact"),
    exp.Median: _checked("exact"),
    exp.Sum: _checked("number"),
    exp.Max: _checked("ordered"),
    exp.Min: _checked("ordered"),
    **dict.fromkeys((exp.UnixMicros, exp.UnixMillis, exp.UnixSeconds), _checked("instant")),
    exp.WithinGroup: _percentile,
    exp.ArgMax: _extreme("arg_max_null"),
    exp.ArgMin: _extreme("arg_min_null"),
}
"""Kinds of expression that have another meaning on DuckDB -> how each is written."""
