"""Patterns of dates and times (``dd/MM/yyyy HH:mm``): those whose meaning is the same everywhere.

They are a subset of the letters of java.time.format.DateTimeFormatter. Others depend on a locale,
on an engine's version, or on what is said twice in one text; they are refused by name.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

DEFAULT = "yyyy-MM-dd HH:mm:ss"
SIGNED_YEAR = r"[0-9]{4}|\+[0-9]{5,9}|-[0-9]{4,9}"
"""Four digits; more need a sign."""
ONE_OR_MORE = "[0-9]{1,18}"
MONTH_NAMES = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTHS = [name[:3] for name in MONTH_NAMES]
FIELDS: dict[str, tuple[str, str]] = {
    "yyyy": ("y", SIGNED_YEAR),
    "yy": ("yy", "[0-9]{2}"),
    "MM": ("m", "[0-9]{2}"),
    "M": ("m", ONE_OR_MORE),
    "MMM": ("mon", f"(?i:{'|'.join(MONTHS)})"),
    "MMMM": ("month", f"(?i:{'|'.join(MONTH_NAMES)})"),
    "dd": ("d", "[0-9]{2}"),
    "d": ("d", ONE_OR_MORE),
    "HH": ("h", "[0-9]{2}"),
    "H": ("h", ONE_OR_MORE),
    "hh": ("clock", "[0-9]{2}"),
    "h": ("clock", ONE_OR_MORE),
    "a": ("half", "[aApP][mM]"),
    "mm": ("mi", "[0-9]{2}"),
    "m": ("mi", ONE_OR_MORE),
    "ss": ("s", "[0-9]{2}"),
    "s": ("s", ONE_OR_MORE),
    "XXX": ("shift", "[zZ]|[+-][0-9]{2}:[0-9]{2}"),
    "XX": ("shift", "[zZ]|[+-][0-9]{4}"),
    "X": ("shift", "[zZ]|[+-][0-9]{2}(?:[0-9]{2})?"),
}
"""Letters -> what they stand for, and the texts that they read."""
PRINTED = {
    "yyyy": None, "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B", "dd": "%d",
    "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "a": "%p", "mm": "%M",
    "m": "%-M", "ss": "%S", "s": "%-S", "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A",
}  # fmt: skip
"""Letters -> strftime's words for them; a year has a sign past 9999."""
MAX_FRACTION = 9
TOKENS = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']")
RESERVED = frozenset("[]{}#")


class PatternError(ValueError):
    """A pattern that has no one meaning, in words."""


@dataclass(frozen=True)
class Piece:
    """A part of a pattern.

    Attributes:
        letters: A field's letters, such as ``yyyy``; empty for a text.
        text: What stands there as it is.
    """

    letters: str
    text: str = ""


def pieces(pattern: str) -> list[Piece]:
    """Takes a pattern apart.

    Raises:
        PatternError: Quotes do not match, or a letter with a special meaning stands alone.
    """
    found, end = [], 0
    for token in TOKENS.finditer(pattern):
        if token.start() != end:
            break
        end = token.end()
        if token[1]:
            found.append(Piece(token[0]))
        elif token[0].startswith("'"):
            found.append(Piece("", token[0][1:-1].replace("''", "'") or "'"))
        elif token[0] in RESERVED:
            raise PatternError(f"`{token[0]}` in the pattern")
        else:
            found.append(Piece("", token[0]))
    if end != len(pattern) or not pattern:
        raise PatternError("quotes that do not match" if pattern else "an empty pattern")
    return found


def reading(pattern: str) -> tuple[str, list[str]]:
    """Returns the regular expression of a pattern's texts and the names of its groups.

    The first group, ``found``, is the whole text.

    Raises:
        PatternError: It has letters that are not read the same everywhere.
    """
    parts = pieces(pattern)
    names, regex = ["found"], ""
    for part in parts:
        name, texts = _field(part.letters)
        if part.letters and name in names:
            raise PatternError(f"{part.letters}, a second time")
        names += [name] if part.letters else []
        regex += f"({texts})" if part.letters else _literal(part.text)
    _check_neighbours(parts)
    if ("clock" in names) != ("half" in names) or {"clock", "h"} <= set(names):
        raise PatternError("h, which needs a (AM or PM), or H instead")
    if {"y", "yy"} <= set(names) or len({"m", "mon", "month"} & set(names)) > 1:
        raise PatternError("a year or month, twice")
    return f"^({regex})$", names


def printing(pattern: str) -> list[Piece]:
    """Takes a pattern apart that times are written by.

    Raises:
        PatternError: It has letters that are not written the same everywhere.
    """
    parts = pieces(pattern)
    for part in parts:
        is_fraction = set(part.letters) == {"S"} and len(part.letters) <= MAX_FRACTION
        if part.letters and part.letters not in PRINTED and not is_fraction:
            raise PatternError(f"`{part.letters}`")
    return parts


def _field(letters: str) -> tuple[str, str]:
    if not letters:
        return "", ""
    if set(letters) == {"S"} and len(letters) <= MAX_FRACTION:
        return "f", f"[0-9]{{1,{len(letters)}}}"
    if letters not in FIELDS:
        raise PatternError(f"`{letters}`")
    return FIELDS[letters]


def _check_neighbours(parts: list[Piece]) -> None:
    """Refuses digits that run into each other, but for those of fixed width."""
    for first, second in pairwise(parts):
        is_open = first.letters in {"M", "d", "H", "h", "m", "s"} or first.letters[:1] == "S"
        is_open_end = second.letters in {"M", "d", "H", "h", "m", "s", "yyyy"}
        if first.letters and second.letters and (is_open or is_open_end):
            if first.letters in {"MMM", "MMMM", "a"} or second.letters in {"MMM", "MMMM", "a"}:
                continue
            if second.letters.startswith("X"):
                continue
            raise PatternError(f"`{first.letters}{second.letters}` without anything between")
        if first.letters and second.letters[:1] == "S":
            raise PatternError(f"`{first.letters}{second.letters}` without anything between")


def _literal(text: str) -> str:
    """Writes a text as it is, in upper or lower case."""
    return "".join(
        f"[{letter.lower()}{letter.upper()}]"
        if letter.isascii() and letter.isalpha()
        else re.escape(letter)
        for letter in text
    )
