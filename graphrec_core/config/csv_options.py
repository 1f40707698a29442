"""The options of a CSV table: few, checked, and of one meaning on both engines."""

from collections.abc import Mapping
from dataclasses import dataclass

READ_ELSEWHERE = {
    "inferSchema": "give `columns` with names and types",
    "schema": "give `columns` with names and types",
    "enforceSchema": "give `columns` with names and types",
    "mode": "a line that cannot be read is always refused",
    "dateFormat": "read the column as string and convert it in the SELECT",
    "timestampFormat": "read the column as string and convert it in the SELECT",
    "ignoreTrailingWhiteSpace": "use trim() in the SELECT",
    "emptyValue": "an empty field is null",
    "compression": "the file's suffix says it",
}
"""Options that Spark has and this reader does without -> what to do instead."""


@dataclass(frozen=True)
class CsvOptions:
    """How the files of a CSV table are written; by default as RFC 4180 says.

    Attributes:
        sep: Separator of fields: one character or more.
        quote: What encloses a field with separators, quotes or line breaks; empty: nothing does.
        escape: Stands before a quote within quotes. The quote itself: quotes are doubled. Another
            character: it keeps the character after it from meaning anything.
        header: Whether each file begins with the names of its columns.
        encoding: Python's name of the encoding.
        null_value: Text that stands for null, beside the empty field.
        skip_blanks: Blanks after a separator are no part of a field.
    """

    sep: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    encoding: str = "utf-8"
    null_value: str = ""
    skip_blanks: bool = False


def parse_csv_options(options: Mapping[str, str], *, header: bool) -> CsvOptions:
    """Reads the options of a table.

    Args:
        options: Spark's names of options (``sep`` or ``delimiter``, ``quote``, ``escape``,
            ``header``, ``encoding`` or ``charset``, ``nullValue``, ``ignoreLeadingWhiteSpace``)
            and their values. ``multiLine: true`` says what holds anyway.
        header: Whether files have a header where the options do not say so.

    Raises:
        ValueError: An option is unknown, is given twice, or has a value that means nothing.
    """
    rest = dict(options)
    quote = _one_character("quote", rest.pop("quote", '"'))
    parsed = CsvOptions(
        sep=_either(rest, "sep", "delimiter", ",").replace("\\t", "\t"),
        quote=quote,
        escape=_one_character("escape", rest.pop("escape", quote)) or quote,
        header=_truth("header", rest.pop("header", str(header))),
        encoding=_encoding(_either(rest, "encoding", "charset", "utf-8")),
        null_value=rest.pop("nullValue", ""),
        skip_blanks=_truth(
            "ignoreLeadingWhiteSpace", rest.pop("ignoreLeadingWhiteSpace", "false")
        ),
    )
    if not _truth("multiLine", rest.pop("multiLine", "true")):
        raise ValueError("option 'multiLine': line breaks within quotes are always read")
    for key in rest:
        known = ", ".join(("sep", "quote", "escape", "header", "encoding", "nullValue"))
        instead = READ_ELSEWHERE.get(key, f"known are {known}, ignoreLeadingWhiteSpace")
        raise ValueError(f"option {key!r} is not known for CSV: {instead}")
    _check_signs(parsed)
    return parsed


def _check_signs(options: CsvOptions) -> None:
    signs = f"{options.sep}{options.quote}{options.escape}"
    if not options.sep or any(sign in "\r\n\0\x1f" for sign in signs):
        raise ValueError("the CSV options sep, quote and escape must be no line breaks")
    if {options.quote, options.escape} & set(options.sep):
        raise ValueError("the CSV options sep, quote and escape must differ")
    if options.skip_blanks and " " in signs:
        raise ValueError("a blank that is ignored cannot be sep, quote or escape")


def _either(options: dict[str, str], key: str, other: str, default: str) -> str:
    if key in options and other in options:
        raise ValueError(f"options {key!r} and {other!r} are the same: give one")
    return options.pop(key, options.pop(other, default))


def _one_character(key: str, value: str) -> str:
    if len(value) > 1:
        raise ValueError(f"option {key!r} must be one character, found {value!r}")
    return value


def _truth(key: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(f"option {key!r} must be true or false, found {value!r}")
    return value.lower() == "true"


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        raise ValueError(
            f"option 'encoding': {name!r} is unknown; latin-1, cp1252 or utf-16 are examples"
        ) from None
    return name
