"""CSV as DuckDB reads it: Spark's options in its words, and the files that it can open."""

import codecs
import csv
from collections.abc import Mapping
from typing import Any

import fsspec
from fsspec.utils import infer_compression

from graphrec_core.config.source import TableConfig
from graphrec_core.engine.folders import table_files

CSV_OPTIONS = {  # Spark's option -> DuckDB's
    "sep": "sep",
    "delimiter": "sep",
    "header": "header",
    "quote": "quotechar",
    "escape": "escapechar",
    "nullValue": "na_values",
}
ENCODING_OPTIONS = ("encoding", "charset")


def csv_encoding(table: TableConfig) -> str:
    """Returns the encoding of a table's files."""
    return next((table.options[key] for key in ENCODING_OPTIONS if key in table.options), "utf-8")


def csv_files(fs: fsspec.AbstractFileSystem, path: str) -> list[str]:
    """Lists the files of a table: those of a folder, or of a pattern, or the one.

    Raises:
        ValueError: The folder has partitions, or no file.
    """
    if not fs.isdir(path):
        return sorted(fs.glob(path)) or [path]
    files, keys = table_files(fs, path)
    if keys:
        raise ValueError("a CSV folder with partitions needs snapshot.engine: spark")
    return files


def is_readable(file: str, encoding: str) -> bool:
    """Says whether DuckDB can read a text file as it is."""
    is_utf8 = codecs.lookup(encoding).name == "utf-8"
    return is_utf8 and infer_compression(file) in (None, "gzip", "zstd")


def csv_options(table: TableConfig) -> dict[str, Any]:
    """Translates Spark's CSV options; nothing is guessed. All values are text at first.

    Raises:
        ValueError: Only Spark knows an option.
    """
    options: dict[str, Any] = {"sep": ",", "quotechar": '"', "escapechar": '"'}
    for key, value in table.options.items():
        if key in ENCODING_OPTIONS:
            continue
        if key not in CSV_OPTIONS:
            raise ValueError(f"the CSV option {key!r} needs snapshot.engine: spark")
        options[CSV_OPTIONS[key]] = value
    options["header"] = table.has_header
    return {**options, "auto_detect": False, "null_padding": True, "allow_quoted_nulls": True}


def column_names(uri: str, options: Mapping[str, Any]) -> list[str]:
    """Reads the names in a file's header; without one they are Spark's, _c0, _c1 and so on.

    Args:
        uri: The file.
        options: The result of ``csv_options``.

    Raises:
        ValueError: The first line is empty.
    """
    with fsspec.open(uri, "rt", "infer", encoding="utf-8-sig", newline="") as handle:
        lines = csv.reader(handle, delimiter=options["sep"], quotechar=options["quotechar"])
        first = next(lines, [])
    if not first:
        raise ValueError("the first line is empty")
    return first if options["header"] else [f"_c{number}" for number in range(len(first))]
