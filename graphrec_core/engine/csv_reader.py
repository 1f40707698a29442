"""Reads one CSV file, strictly: the rows that RFC 4180 gives, or a refusal with file and line."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.compression import compr
from fsspec.utils import infer_compression

from graphrec_core.config.csv_options import CsvOptions
from graphrec_core.engine.faults import refuse_line

BATCH_CELLS = 2**15
MAX_FIELD = 2**24
"""Characters of a field; a quote that is never closed would take the whole file for one."""
UNIT = "\x1f"
"""Stands for a separator of several characters, since the csv module knows but one."""
UNREADABLE = "\udcff"
"""Marks bytes that are no text; no encoding yields it."""

NAME_IT = "Give its name the ending {}, or unpack it."
SIGNATURES = (
    (re.compile(rb"\x1f\x8b"), "gzip", NAME_IT.format(".gz")),
    (re.compile(rb"BZh[1-9]1AY"), "bzip2", NAME_IT.format(".bz2")),
    (re.compile(rb"\xfd7zXZ"), "xz", NAME_IT.format(".xz")),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "Zstandard", NAME_IT.format(".zst")),
    (re.compile(rb"PK\x03\x04"), "zip, as of a workbook", "Save the sheet as CSV, or unpack it."),
    (re.compile(rb"PAR1\x15"), "Parquet", "Say `format: parquet` for this table."),
)
"""How files begin that are no text, what they are, and what to do."""
LONGEST = 8


@dataclass(frozen=True)
class CsvFile:
    """A CSV file, compressed as its suffix says.

    Attributes:
        where: The key of the YAML that names its table.
        fs: Its file system.
        path: Its path there.
        options: How it is written.
    """

    where: str
    fs: AbstractFileSystem
    path: str
    options: CsvOptions

    @contextmanager
    def open(self) -> Iterator["CsvReader"]:
        """Opens the file at its first line."""
        with self._text("strict") as lines:
            yield CsvReader(self, lines)

    def refuse(self, line: int, found: str, fix: str = "") -> NoReturn:
        """Raises SchemaError for a line."""
        refuse_line(self.where, f"{self.path}, line {line}: {found}", fix)

    def refuse_width(self, line: int, found: int, width: int) -> NoReturn:
        """Raises SchemaError for a line with too few or too many fields."""
        self.refuse(line, f"{_fields(found)} instead of {width}")

    def refuse_encoding(self, error: UnicodeError) -> NoReturn:
        """Raises SchemaError for the first line with bytes that are no text."""
        number = 1
        if isinstance(error, UnicodeDecodeError):
            codecs.register_error("graphrec_mark", _mark)
            with self._text("graphrec_mark") as lines:
                number = next(n for n, line in enumerate(lines, 1) if UNREADABLE in line)
        self.refuse(
            number,
            f"bytes that are no {self.options.encoding} ({error})",
            "Say how the file is written, for example `options: {encoding: latin-1}`, or write it "
            "as UTF-8.",
        )

    @contextmanager
    def _text(self, errors: str) -> Iterator[io.TextIOWrapper]:
        # A byte order mark is no part of the first name.
        is_utf8 = codecs.lookup(self.options.encoding).name == "utf-8"
        encoding = "utf-8-sig" if is_utf8 else self.options.encoding
        with self.fs.open(self.path, "rb") as raw:
            self._check_start(raw)
            with _uncompressed(raw, self.path) as data:
                yield io.TextIOWrapper(data, encoding, errors, newline="")

    def _check_start(self, raw: Any) -> None:  # noqa: ANN401  (a file object)
        """Refuses what is no text and has no ending that says so."""
        is_packed = _is_zstd(self.path) or infer_compression(self.path) is not None
        if is_packed or not raw.seekable():
            return
        start = raw.read(LONGEST)
        raw.seek(0)
        for pattern, found, fix in SIGNATURES:
            if pattern.match(start):
                self.refuse(1, f"bytes of {found}, not text", fix)


class CsvReader:
    """Hands the records of an open file over.

    Args:
        file: The file.
        lines: Its lines.

    Attributes:
        line: Where the first record begins.
    """

    def __init__(self, file: CsvFile, lines: Iterator[str]) -> None:
        options = file.options
        self.line = 1
        self._file, self._end = file, 0  # the last line of the last whole record
        csv.field_size_limit(MAX_FIELD)
        self._records = csv.reader(
            self._checked(lines),
            delimiter=options.sep if len(options.sep) == 1 else UNIT,
            quotechar=options.quote or None,
            quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
            escapechar=None if options.escape == options.quote else options.escape,
            skipinitialspace=options.skip_blanks,
            strict=True,
        )

    def first(self) -> list[str]:
        """Reads the first record, which begins in ``line``; empty: there is none."""
        with self._faults():
            for record in self._records:
                if record:
                    self.line = self._end + 1
                    return self._whole(record)
                self._end = self._records.line_num
        return []

    def cells(self, width: int) -> Iterator[list[str]]:
        """Reads the other records, a batch at a time; all their fields stand in one list.

        Empty lines are no records.

        Args:
            width: Number of fields that each must have.

        Raises:
            SchemaError: A record has another number, or is not CSV.
        """
        cells: list[str] = []
        self._end = self._records.line_num
        with self._faults():
            for record in self._records:
                if len(record) != width and record:
                    self._file.refuse_width(self._end + 1, len(record), width)
                self._end = self._records.line_num
                cells += record
                if len(cells) >= BATCH_CELLS:
                    yield self._whole(cells)
                    cells = []
        yield self._whole(cells)

    def _checked(self, lines: Iterator[str]) -> Iterator[str]:
        sep = self._file.options.sep
        for number, text in enumerate(lines, 1):
            # utf-16-le and its like leave the mark in the text.
            line = text.removeprefix("\ufeff") if number == 1 else text
            if "\0" in line:
                self._file.refuse(
                    number,
                    "a NUL character, which no text has",
                    "If it is UTF-16, say so: `options: {encoding: utf-16}`.",
                )
            if len(sep) == 1:
                yield line
            elif UNIT in line:
                self._file.refuse(number, "a unit separator (0x1f) beside a long `sep`")
            else:
                yield line.replace(sep, UNIT)

    def _whole(self, cells: list[str]) -> list[str]:
        """Gives quoted separators of several characters their own form back."""
        sep = self._file.options.sep
        return cells if len(sep) == 1 else [cell.replace(UNIT, sep) for cell in cells]

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Refuses what is not CSV, naming the line."""
        try:
            yield
        except UnicodeError as error:
            self._file.refuse_encoding(error)
        except csv.Error as error:
            if "expected after" in str(error):
                self._file.refuse(self._records.line_num, "text after a closing quote")
            self._file.refuse(self._end + 1, f"a quote that is not closed ({error})")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNREADABLE, error.end


def _fields(count: int) -> str:
    return f"{count} field{'s' * (count != 1)}"


@contextmanager
def _uncompressed(raw: Any, path: str) -> Iterator[Any]:  # noqa: ANN401  (file objects)
    if _is_zstd(path):
        with pa.CompressedInputStream(pa.PythonFile(raw), "zstd") as data:
            yield data
    else:
        with compr[infer_compression(path)](raw, mode="rb") as data:
            yield data


def _is_zstd(path: str) -> bool:
    return path.lower().endswith((".zst", ".zstd"))
