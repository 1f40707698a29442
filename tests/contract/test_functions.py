"""Every function that a SELECT may use means the same on both engines: Spark's meaning."""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from graphrec_core.engine import Engine
from graphrec_core.errors import GraphrecError
from graphrec_core.selects.functions import ALLOWED
from tests.support.conversions import register, select
from tests.support.functions import values
from tests.support.fuzzing import fuzz

CASES = Path(__file__).parent / "functions.txt"
"""Lines of a function's name and a call of it, under how it is called."""
TAILS = {"rows": "id as key", "groups": "k as key", "windows": "id as key"}
AT_ONCE = 40
ADDED = ("avg(", "sum(")
"""Calls that add doubles: the order of rows changes their last digits."""


def cases() -> dict[str, list[tuple[str, str]]]:
    """Reads the calls: how they are called -> function and call."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    kind = ""
    for line in CASES.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            kind = line.removeprefix("# ")
        else:
            name, _, call = line.partition(": ")
            found[kind].append((name, call))
    return found


def texts() -> Iterator[tuple[str, list[str]]]:
    """Writes SELECTs of many calls each, with the calls."""
    for kind, calls in cases().items():
        if kind == "rows of arrays":
            yield from ((f"select {call} from t", ["id", "x"]) for _, call in calls)
            continue
        tail = " group by k" if kind == "groups" else ""
        for start in range(0, len(calls), AT_ONCE):
            part = calls[start : start + AT_ONCE]
            columns = ", ".join(f"{call} as c{n}" for n, (_, call) in enumerate(part))
            yield f"select {TAILS[kind]}, {columns} from t{tail}", ["key", *(c for _, c in part)]


def answers(engine: Engine, text: str) -> tuple[list[str], list[list[str]]]:
    """Returns a SELECT's types and its columns, their rows in order.

    A decimal's precision is left out: DuckDB counts with more digits.
    """
    relation = engine.select("source.edges.e", text)
    types = [
        re.sub(r"decimal\(\d+", "decimal(", kind) for kind in engine.schema(relation).values()
    ]
    rows = engine.collect("source.edges.e", relation).to_pylist()
    written = sorted([repr(value) for value in row.values()] for row in rows)
    return types, [list(column) for column in zip(*written, strict=True)]


def test_every_allowed_function_has_a_case() -> None:
    called = {name for calls in cases().values() for name, _ in calls}
    assert set(ALLOWED) <= called


@fuzz  # so that `make fuzz` asks the Java that Spark generates for a large source too
@pytest.mark.spark
def test_every_function_has_sparks_values_and_types(
    spark: Engine, duckdb: Engine, tmp_path: Path
) -> None:
    for engine in (spark, duckdb):
        register(engine, tmp_path, values())
    differences = []
    for text, calls in texts():
        types, columns = answers(spark, text)
        other_types, other_columns = answers(duckdb, text)
        for call, *parts in zip(calls, types, other_types, columns, other_columns, strict=True):
            pairs = [
                pair
                for pair in zip(parts[2], parts[3], strict=True)
                if pair[0] != pair[1] and not (call.startswith(ADDED) and _is_close(*pair))
            ]
            if parts[0] != parts[1] or pairs:
                differences.append((call, parts[:2], pairs[:3]))
    assert not differences


def _is_close(one: str, other: str) -> bool:
    return math.isclose(float(one), float(other), rel_tol=1e-12)


@pytest.mark.spark
def test_letters_change_their_case_alike(spark: Engine, duckdb: Engine, tmp_path: Path) -> None:
    """Letters of a newer Unicode than Python's are left out, and those with one as a partner."""
    letters = [chr(code) for code in range(0x20000) if _is_known(chr(code))]
    table = pa.table({"a": letters})
    for engine in (spark, duckdb):
        register(engine, tmp_path, table)
    expected, found = (
        {row["a"]: (row["u"], row["l"]) for row in select(each, "a, upper(a) as u, lower(a) as l")}
        for each in (spark, duckdb)
    )
    known = {letter: pair for letter, pair in expected.items() if _is_known("".join(pair))}
    assert len(known) > 0.99 * len(letters)
    assert {letter: found[letter] for letter in known} == known


def _is_known(text: str) -> bool:
    return not {unicodedata.category(letter) for letter in text} & {"Cn", "Cs"}


REFUSED_TYPES = {
    "m / 3": "a decimal here: cast it to double",
    "1.0 / 3": "a decimal here",
    "m div 3": "a decimal here",
    "try_divide(m, 3)": "a decimal here",
    "(select avg(m) from t)": "a decimal here",
    "avg(m)": "a decimal here",
    "median(m)": "a decimal here",
    "percentile_cont(0.5) within group (order by m)": "a decimal here",
    "floor(m)": "a decimal here",
    "ceil(m)": "a decimal here",
    "round(m, 1)": "a decimal here",
    "xs || xs": "an array to string",
    "concat(xs, xs)": "an array to string",
    "concat_ws(s, ws)": "an array to string",
    "max(xs)": "arrays to an order",
    "min(ws)": "arrays to an order",
    "max_by(id, xs)": "arrays to an order",
    "day - date '2024-01-01'": "dates to a difference: use datediff",
}
"""Calls that engines compute unlike, told by the types of their values -> what is said."""
REFUSED_VALUES = {
    "d / 0": "a division by zero: use try_divide",
    "k div 0": "a division by zero",
    "i % k": "a remainder by zero",
    "mod(d, 0)": "a remainder by zero",
    "xs[9]": "a place outside of an array: use get",
    "xs[k]": "a place outside of an array",
    "s[0]": "a place of what is no array",
    "split_part(s, ',', 0)": "part 0 of a text",
    "slice(xs, 0, 1)": "a part from 0",
    "slice(xs, 1, -1)": "a part from 0, or of a negative length",
    "try_element_at(xs, 0)": "place 0 of an array",
    "sum(y)": "this to a number",
    "avg(day)": "this to a number",
    "median(day)": "this to a number",
    "round(ws)": "this to a number",
    "from_unixtime(s)": "this to a number",
    "date_add(day, n)": "this to a number of days",
    "add_months(day, n)": "this to a number of days",
    "unix_seconds(day)": "a date to a time",
    "timestamp_seconds(s)": "a text to a time",
}
"""Calls of values that Spark refuses, in words of its own -> what DuckDB says."""
REFUSED_CALLS = {
    "regexp_like(s, 'a$')": "the pattern 'a$'",
    "regexp_like(s, p)": "the pattern p",
    "split(s, '')": "the pattern ''",
    "regexp_replace(s, 'a*', 'b')": r"the pattern 'a*'",
    "regexp_replace(s, '(a)', '$1')": "a group or column as the new text",
    "split(s, ',', 2)": "split with a limit",
    "sha2(s, 512)": "sha2 of another width",
    "date_trunc('yyyy', at)": "date_trunc to 'yyyy'",
    "round(d, -1)": "round to other places",
    "floor(d, 1)": "floor to decimal places",
    "extract(second from at)": "extract of SECOND",
    "locate('a', s, 2)": "locate from a place",
    "at > 'now'": "the time 'now'",
    "coalesce(at, ' Today ')": "the time ' Today '",
    "day in ('tomorrow')": "the time 'tomorrow'",
    "count(distinct i) over ()": "distinct values of a window",
    "count(i, s)": "count of several values",
    "case when null then 1 end": "the condition null",
    "day + interval k day": "an interval of what is no constant",
    "d > 1e400": "a number too large",
    "cast(d as float)": "a conversion to float",
    "try_cast(s as real)": "a conversion to float",
    "1.5F": "a conversion to float",
}
"""Calls that are refused before an engine sees them -> what is said."""


BY_ITSELF = {
    "s + 1": "`t.s` as bigint",
    "-s": "`t.s` as double",
    "sum(s) over ()": "`t.s` as double",
    "pow('2', 2)": "`'2'` as double",
    "array(1, '2')": "`'2'` as bigint",
    "coalesce(i, '1')": "`'1'` as bigint",
    "case when y then i else 'a' end": "`'a'` as bigint",
    "if(y, at, '10:00')": "`'10:00'` as timestamp",
    "i = s": "`t.s` as bigint",
    "s <=> 1": "`t.s` as bigint",
    "at > s": "`t.s` as timestamp",
    "at between s and s": "`t.s` as timestamp",
    "day in (s, p)": "as date",
    "nullif(i, s)": "`t.s` as bigint",
    "case i when s then 1 end": "`t.s` as bigint",
    "(select max(s) from t) > at": "as timestamp",
    "i in (select s from t)": "`t.s` as bigint",
    "at > '10:00'": "`'10:00'` as timestamp",
    "day > '2026-01'": "`'2026-01'` as date",
    "i = '7.5'": "`'7.5'` as bigint",
    "n in ('1', 'x')": "`'x'` as bigint",
    "d between '1e3' and '2'": "`'1e3'` as double",
    "y = 'true'": "`'true'` as boolean",
    "year(s)": "`t.s` as date",
    "date_trunc('day', s)": "`t.s` as timestamp",
    "hour('10:00')": "`'10:00'` as timestamp",
    "last_day(s)": "`t.s` as date",
    "date_format(s, 'yyyy')": "`t.s` as timestamp",
    "extract(hour from s)": "`t.s` as timestamp",
}
"""Calls with a text that Spark would convert by itself -> what it says."""


def refusal(engine: Engine, call: str) -> GraphrecError:
    """Returns the error of a SELECT of one call."""
    with pytest.raises(GraphrecError) as caught:
        select(engine, f"{call} as x")
    return caught.value


def test_what_would_differ_is_an_error_that_says_what_to_write(
    duckdb: Engine, tmp_path: Path
) -> None:
    register(duckdb, tmp_path, values())
    said = {**REFUSED_TYPES, **REFUSED_VALUES, **REFUSED_CALLS}
    errors = {call: refusal(duckdb, call) for call in said}
    assert {call for call, error in errors.items() if said[call] not in error.found} == set()
    assert {call for call, error in errors.items() if error.exit_code == 2} == set(REFUSED_CALLS)
    assert {error.exit_code for error in errors.values()} == {2, 3}


@pytest.mark.spark
def test_spark_refuses_what_duckdb_refuses(spark: Engine, tmp_path: Path) -> None:
    register(spark, tmp_path, values())
    errors = {call: refusal(spark, call) for call in (*REFUSED_TYPES, *REFUSED_VALUES)}
    assert {error.exit_code for error in errors.values()} == {3}
    for call, found in REFUSED_TYPES.items():
        assert found in errors[call].found
    assert select(spark, "max(m / 2D) as x") == [{"x": 99999999.99 / 2}]


def test_no_text_becomes_a_number_or_time_by_itself(duckdb: Engine, tmp_path: Path) -> None:
    register(duckdb, tmp_path, values())
    errors = {call: refusal(duckdb, call) for call in BY_ITSELF}
    assert {error.exit_code for error in errors.values()} == {3}
    kinds = "a text beside a value of another type: INTEGER and VARCHAR"
    assert errors["i = s"].found == kinds
    assert "date '2026-01-05'" in errors["i = s"].fix


@pytest.mark.spark
def test_spark_makes_no_number_or_time_of_a_text_by_itself(spark: Engine, tmp_path: Path) -> None:
    register(spark, tmp_path, values())
    errors = {call: refusal(spark, call) for call in BY_ITSELF}
    assert {error.exit_code for error in errors.values()} == {3}
    assert {call for call, found in BY_ITSELF.items() if found not in errors[call].found} == set()
