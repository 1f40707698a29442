"""One meaning of CSV: files as bytes, and the rows or the refusal that both engines give."""

import bz2
import gzip
import lzma
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graphrec_core.config.source import SourceConfig
from graphrec_core.engine import Engine
from graphrec_core.errors import SchemaError, UnreadableSourceError
from tests.support.raw_tables import read_csv

LATIN = "id,city\n1,Köln\n".encode("latin-1")
LONG = "x" * 200_000


READ: dict[str, tuple[bytes, dict[str, str], list[tuple[str | None, ...]]]] = {
    "plain": (b"id,n\na,1\nb,2\n", {}, [("id", "n"), ("a", "1"), ("b", "2")]),
    "no line break at the end": (b"id,n\na,1", {}, [("id", "n"), ("a", "1")]),
    "CRLF": (b"id,n\r\na,1\r\n", {}, [("id", "n"), ("a", "1")]),
    "CR": (b"id,n\ra,1\r", {}, [("id", "n"), ("a", "1")]),
    "all of them": (b"id\r\na\nb\rc", {}, [("id",), ("a",), ("b",), ("c",)]),
    "BOM": (b"\xef\xbb\xbfid,n\na,1\n", {}, [("id", "n"), ("a", "1")]),
    "BOM and quotes": (b'\xef\xbb\xbf"id",n\na,1\n', {}, [("id", "n"), ("a", "1")]),
    "empty lines": (b"\nid,n\n\na,1\n\r\n\n", {}, [("id", "n"), ("a", "1")]),
    "a header alone": (b"id,n\n", {}, [("id", "n")]),
    "a header without line break": (b"id,n", {}, [("id", "n")]),
    "doubled quotes": (b'id,n\na,"say ""hi"", J."\n', {}, [("id", "n"), ("a", 'say "hi", J.')]),
    "quotes alone": (b'id,n\na,""""\n', {}, [("id", "n"), ("a", '"')]),
    "a quote within a field": (b'id,n\na,5" pipe\n', {}, [("id", "n"), ("a", '5" pipe')]),
    "quotes after a blank": (b'id,n\na, "x"\n', {}, [("id", "n"), ("a", ' "x"')]),
    "line breaks": (
        b'id,n\na,"x\ny"\nb,"x\r\ny"\r\nc,"\r"\n',
        {},
        [("id", "n"), ("a", "x\ny"), ("b", "x\r\ny"), ("c", "\r")],
    ),
    "an empty line within quotes": (b'id,n\na,"x\n\ny"\n', {}, [("id", "n"), ("a", "x\n\ny")]),
    "empty fields": (b'id,n\n,""\na,\n', {}, [("id", "n"), ("a", None), (None, None)]),
    "one empty field": (b'id\n""\na\n', {}, [("id",), ("a",), (None,)]),
    "blanks stay": (b"id,n\n a , \n", {}, [("id", "n"), (" a ", " ")]),
    "a backslash": (b'id,n\na\\,"\\n\\"\n', {}, [("id", "n"), ("a\\", "\\n\\")]),
    "null is a text": (b"id,n\nNULL,NaN\n", {}, [("id", "n"), ("NULL", "NaN")]),
    "a long field": (f"id\n{LONG}\n".encode(), {}, [("id",), (LONG,)]),
    "odd names": (
        b'"a b","x.y","q""q","a`b","a,b","a=b;{}()",\xc3\xa9t\xc3\xa9\n1,2,3,4,5,6,7\n',
        {},
        [("a b", "x.y", 'q"q', "a`b", "a,b", "a=b;{}()", "été"), tuple("1234567")],
    ),
    "an index column of pandas": (
        b",id,n\n0,a,1\n1,b,2\n",
        {},
        [("id", "n"), ("a", "1"), ("b", "2")],
    ),
    "a comma at each end": (b"id,n,\na,1,\nb,2,\n", {}, [("id", "n"), ("a", "1"), ("b", "2")]),
    "latin-1": (LATIN, {"encoding": "latin-1"}, [("id", "city"), ("1", "Köln")]),
    "charset": (LATIN, {"charset": "ISO-8859-1"}, [("id", "city"), ("1", "Köln")]),
    "UTF-16": ("id\nKöln\n".encode("utf-16"), {"encoding": "utf-16"}, [("id",), ("Köln",)]),
    "UTF-16LE with BOM": (
        "\ufeffid\nKöln\n".encode("utf-16-le"),
        {"encoding": "utf-16-le"},
        [("id",), ("Köln",)],
    ),
    "UTF-16LE": ("id\nKöln\n".encode("utf-16-le"), {"encoding": "UTF-16LE"}, [("id",), ("Köln",)]),
    "tabs": (b"id\tn\na\t1,5\n", {"sep": "\t"}, [("id", "n"), ("a", "1,5")]),
    "tabs as Spark writes them": (
        b"id\tn\na\t1\n",
        {"delimiter": "\\t"},
        [("id", "n"), ("a", "1")],
    ),
    "a long separator": (
        b'id::n\na:b::1\nb::"1::2:"\n',
        {"sep": "::"},
        [("id", "n"), ("a:b", "1"), ("b", "1::2:")],
    ),
    "another quote": (b"id,n\na,'x, ''y\"'\n", {"quote": "'"}, [("id", "n"), ("a", "x, 'y\"")]),
    "no quotes": (b'id,n\n"a,b"\n', {"quote": ""}, [("id", "n"), ('"a', 'b"')]),
    "escapes": (
        b'id,n\na,"x\\"y, ""z"\n',
        {"escape": "\\"},
        [("id", "n"), ("a", 'x"y, "z')],
    ),
    "escape: quote": (b'id,n\na,"x""y"\n', {"escape": '"'}, [("id", "n"), ("a", 'x"y')]),
    "nullValue": (
        b'id,n\na,NA\nb,"NA"\nc,\nd,N\n',
        {"nullValue": "NA"},
        [("id", "n"), ("a", None), ("b", None), ("c", None), ("d", "N")],
    ),
    "blanks after commas": (
        b'id, n\na, "x, y"\nb,  2\n',
        {"ignoreLeadingWhiteSpace": "true"},
        [("id", "n"), ("a", "x, y"), ("b", "2")],
    ),
    "multiLine": (b'id\n"a\nb"\n', {"multiLine": "true"}, [("id",), ("a\nb",)]),
    "no header": (b"a,1\nb,2\n", {"header": "false"}, [("_c0", "_c1"), ("a", "1"), ("b", "2")]),
    "no header, one line": (b"a,1", {"header": "FALSE"}, [("_c0", "_c1"), ("a", "1")]),
}


@pytest.mark.parametrize("case", READ)
def test_files_are_read(engine: Engine, tmp_path: Path, case: str) -> None:
    data, options, expected = READ[case]
    found = read_csv(engine, tmp_path, {"t.csv": data}, options=options)
    assert found[0] == expected[0]
    assert sorted(found[1:], key=str) == sorted(expected[1:], key=str)


REFUSED: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "too few fields": (b"id,n\na,1\nb\n", {}, 3, "1 field instead of 2"),
    "too many fields": (b"id,n\na,1\nb,2,3\n", {}, 3, "3 fields instead of 2"),
    "a comma at each end but in the header": (b"id,n\na,1,\n", {}, 2, "3 fields instead of 2"),
    "blanks in an empty line": (b"id,n\na,1\n  \n", {}, 3, "1 field instead of 2"),
    "after a record of two lines": (b'id,n\na,"x\ny"\nb\n', {}, 4, "1 field instead of 2"),
    "a record of two lines": (b'id,n\n\n"x\ny"\nb,1\n', {}, 3, "1 field instead of 2"),
    "after CR": (b"id,n\ra,1\rb\r", {}, 3, "1 field instead of 2"),
    "an open quote": (b'id,n\na,1\nb,"2\nc,3\n', {}, 3, "a quote that is not closed"),
    "an open quote at the end": (b'id,n\na,1\nb,"', {}, 3, "a quote that is not closed"),
    "an open quote in the header": (b'\nid,"n\na,1\n', {}, 2, "a quote that is not closed"),
    "text after a quote": (b'id,n\na,"1" x\n', {}, 2, "text after a closing quote"),
    "a blank after a quote": (b'id,n\na,"1" ,2\n', {}, 2, "text after a closing quote"),
    "text after a quote of two lines": (b'id,n\na,"1\n"x\n', {}, 3, "text after a closing quote"),
    "latin-1": (LATIN, {}, 2, "options: {encoding: latin-1}"),
    "latin-1, far down": (b"id\n" + b"a\n" * 50_000 + b"\xe9\n", {}, 50_002, "encoding: latin-1"),
    "latin-1 in a field of lines": (b'id\n"a\n\n\xe9"\n', {}, 4, "encoding: latin-1"),
    "half a letter at the end": (b"id\na\n\xc3", {}, 3, "encoding: latin-1"),
    "ascii": ("id\nö\n".encode(), {"encoding": "ascii"}, 2, "bytes that are no ascii"),
    "UTF-16": ("id\na\n".encode("utf-16"), {}, 1, "options: {encoding"),
    "UTF-16LE": ("id\na\n".encode("utf-16-le"), {}, 1, "options: {encoding: utf-16}"),
    "UTF-8 as UTF-16": (b"id\nab\n", {"encoding": "utf-16"}, 1, "no utf-16"),
    "NUL": (b"id\na\nb\0c\n", {}, 3, "a NUL character"),
    "nothing": (b"", {}, 1, "no line at all"),
    "empty lines": (b"\n\n", {}, 1, "no line at all"),
    "no names": (b",,\n1,2,3\n", {}, 1, "no name at all"),
    "a name twice": (b"id,n,id\n1,2,3\n", {}, 1, "`id` more than once"),
    "names that differ by case": (b"\nage,Age\n1,2\n", {}, 2, "`Age` more than once"),
    "blanks after commas": (b"id, n\na, 1\n", {}, 1, "ignoreLeadingWhiteSpace"),
    "a unit separator": (b"id::n\na\x1f::b\n", {"sep": "::"}, 2, "a unit separator"),
    "gzip without its ending": (gzip.compress(b"id\na\n"), {}, 1, "ending .gz"),
    "bzip2 without its ending": (bz2.compress(b"id\na\n"), {}, 1, "ending .bz2"),
    "xz without its ending": (lzma.compress(b"id\na\n"), {"encoding": "latin-1"}, 1, "ending .xz"),
    "a workbook": (b"PK\x03\x04\x14\x00\x06\x00", {}, 1, "Save the sheet as CSV"),
    "Parquet": (b"PAR1\x15\x04\x15\x20", {"encoding": "latin-1"}, 1, "format: parquet"),
    "a line for Excel": (b"sep=;\nid;n\na;1\n", {}, 1, "Delete the line"),
    "a line for Excel, as told": (b"SEP=;\nid;n\na;1\n", {"sep": ";"}, 1, "Delete the line"),
    "a line for Excel and commas": (b"sep=,\nid,n\na,1\n", {}, 1, "Delete the line"),
    "a line for Excel, no header": (b"sep=,\na,1\n", {"header": "false"}, 1, "Delete the line"),
    "semicolons": (b"id;n\na;1\n", {}, 1, 'sep: ";"'),
    "semicolons and decimal commas": (b"id;n\na;1,5\n", {}, 1, 'sep: ";"'),
    "tabs": (b"id\tn\na\t1\n", {}, 1, r'sep: "\t"'),
    "pipes": (b"id|n\na|1\n", {}, 1, 'sep: "|"'),
    "commas": (b"id,n\na,1\n", {"sep": ";"}, 1, 'sep: ","'),
    "ragged without a header": (b"a,1\nb\n", {"header": "false"}, 2, "1 field instead of 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_are_refused_with_file_and_line(engine: Engine, tmp_path: Path, case: str) -> None:
    data, options, line, message = REFUSED[case]
    with pytest.raises(SchemaError) as refusal:
        read_csv(engine, tmp_path, {"t.csv": data}, options=options)
    text = str(refusal.value)
    assert "source.tables.raw" in text
    assert f"{tmp_path}/t.csv, line {line}: " in text
    assert message in text


OPTIONS = {
    "unknown": ({"comment": "#"}, "option 'comment' is not known for CSV"),
    "in another case": ({"Sep": ";"}, "option 'Sep' is not known for CSV"),
    "inferSchema": ({"inferSchema": "true"}, "give `columns`"),
    "mode": ({"mode": "DROPMALFORMED"}, "always refused"),
    "multiLine": ({"multiLine": "false"}, "always read"),
    "header": ({"header": "yes"}, "must be true or false"),
    "twice": ({"sep": ",", "delimiter": ";"}, "are the same"),
    "quote": ({"quote": "''"}, "must be one character"),
    "encoding": ({"encoding": "klingon"}, "'klingon' is unknown"),
    "no text": ({"encoding": "base64"}, "'base64' is unknown"),
    "no sep": ({"sep": ""}, "no line breaks"),
    "a line break": ({"sep": "\n"}, "no line breaks"),
    "equal signs": ({"sep": "|", "quote": "|"}, "must differ"),
    "a blank": ({"sep": " ", "ignoreLeadingWhiteSpace": "true"}, "a blank that is ignored"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options_of_no_meaning_are_refused_before_a_file_is_read(case: str) -> None:
    options, message = OPTIONS[case]
    source = {"path": "t.csv", "options": options}
    with pytest.raises(ValueError, match=message):
        SourceConfig.model_validate(
            {"tables": {"t": source}, "nodes": {"a": "x"}, "edges": {"b": "x"}}
        )


def test_columns_give_names_and_types(engine: Engine, tmp_path: Path) -> None:
    columns = {"id": "string", "n": "int", "rate": "decimal(6, 2)", "at": "timestamp"}
    data = b"a,1,2.50,2026-01-02 03:04:05\nb,many,x,soon\nc,,,\n"
    names, *rows = read_csv(engine, tmp_path, {"t.csv": data}, columns=columns)
    assert names == ("id", "n", "rate", "at")
    assert [(row[0], row[1], str(row[2])) for row in rows] == [
        ("a", 1, "2.50"),
        ("b", None, "None"),
        ("c", None, "None"),
    ]
    assert [row[3] and row[3].isoformat() for row in rows] == [
        "2026-01-02T03:04:05+00:00",
        None,
        None,
    ]


def test_columns_rename_what_a_header_names_badly(engine: Engine, tmp_path: Path) -> None:
    columns = {"id": "string", "n": "string"}
    options = {"header": "true"}
    data = b"id, id \na,1\n"
    found = read_csv(engine, tmp_path, {"t.csv": data}, columns=columns, options=options)
    assert found == [("id", "n"), ("a", "1")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"n,id\n1,a\n", "line 1: the names of `columns` in another order"),
        (b"id,n,m\na,1,2\n", "line 1: 3 fields instead of 2"),
    ],
)
def test_a_header_that_contradicts_columns_is_refused(
    engine: Engine, tmp_path: Path, data: bytes, message: str
) -> None:
    columns = {"id": "string", "n": "string"}
    with pytest.raises(SchemaError, match=message):
        read_csv(engine, tmp_path, {"t.csv": data}, columns=columns, options={"header": "true"})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": "string", "ID": "int"}, "more than once"),
        ({"id": "int) from raw; select (1"}, "known are string"),
        ({"id": "map<string,int>"}, "known are string"),
        ({" ": "int"}, "must name every column"),
    ],
)
def test_columns_of_no_meaning_are_refused(columns: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SourceConfig.model_validate(
            {
                "tables": {"t": {"path": "t.csv", "columns": columns}},
                "nodes": {"a": "x"},
                "edges": {"b": "x"},
            }
        )


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("gz", gzip.compress),
        ("bz2", bz2.compress),
        ("xz", lzma.compress),
        ("zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
    ],
)
def test_compressed_files_are_read_and_damaged_ones_refused(
    engine: Engine, tmp_path: Path, suffix: str, compress: Any
) -> None:
    data = compress(b'id\n"a\nb"\n' + random.Random(1).randbytes(3000).hex().encode())
    found = read_csv(engine, tmp_path, {f"t.csv.{suffix}": data})
    assert found[:2] == [("id",), ("a\nb",)] or ("a\nb",) in found
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.raw"):
        read_csv(engine, tmp_path, {f"t.csv.{suffix}": data[: len(data) // 2]})
    with pytest.raises(UnreadableSourceError, match=r"source\.tables\.raw"):
        read_csv(engine, tmp_path, {f"t.csv.{suffix}": b"id\na\n"})


def test_a_folder_is_one_table_and_its_partitions_are_columns(
    engine: Engine, tmp_path: Path
) -> None:
    files = {
        "t/day=2026-01-01/a.csv": b"id\n1\n",
        "t/day=a%20b/b.csv": b"id\n2",
        "t/day=__HIVE_DEFAULT_PARTITION__/c.csv": b"id\n3\n",
        "t/day=2026-01-02/empty.csv": b"",
        "t/_SUCCESS": b"",
    }
    found = read_csv(engine, tmp_path, files, path="t")
    assert found[0] == ("id", "day")
    assert sorted(found[1:]) == [("1", "2026-01-01"), ("2", "a b"), ("3", None)]


def test_a_pattern_is_one_table(engine: Engine, tmp_path: Path) -> None:
    files = {"t/1.csv": b"id\n1\n", "t/2.csv": b"id\n2\n", "t/_3.csv": b"no\n", "t/x.txt": b"no"}
    found = read_csv(engine, tmp_path, files, path="t/*.csv")
    assert found[0] == ("id",)
    assert sorted(found[1:]) == [("1",), ("2",)]


def test_a_name_with_the_signs_of_a_pattern_is_a_name(engine: Engine, tmp_path: Path) -> None:
    assert read_csv(engine, tmp_path, {"t [1]*?.csv": b"id\n1\n"}) == [("id",), ("1",)]


@pytest.mark.parametrize("second", [b"n,id\n1,b\n", b"id\nb\n", b"id,N\nb,1\n"])
def test_files_of_one_table_have_one_header(engine: Engine, tmp_path: Path, second: bytes) -> None:
    with pytest.raises(SchemaError, match=r"t/2\.csv, line 1: ") as refusal:
        read_csv(engine, tmp_path, {"t/1.csv": b"id,n\na,1\n", "t/2.csv": second}, path="t")
    assert "t/1.csv" in str(refusal.value) or "instead of 2" in str(refusal.value)


def test_a_partition_named_like_a_column_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="`id` more than once"):
        read_csv(engine, tmp_path, {"t/id=1/a.csv": b"ID\n1\n"}, path="t")


def test_files_without_a_line_are_an_empty_table_where_columns_are_given(
    engine: Engine, tmp_path: Path
) -> None:
    found = read_csv(engine, tmp_path, {"t.csv": b""}, columns={"id": "string", "n": "int"})
    assert found == [("id", "n")]


def test_a_table_of_many_batches_is_whole(engine: Engine, tmp_path: Path) -> None:
    lines = [f"{number},{number % 7 or ''}" for number in range(100_000)]
    data = "\n".join(["id,n", *lines]).encode()
    _, *rows = read_csv(engine, tmp_path, {"t.csv": data})
    assert sorted(int(row[0]) for row in rows) == list(range(100_000))
    assert all(row[1] == (str(int(row[0]) % 7) if int(row[0]) % 7 else None) for row in rows)
