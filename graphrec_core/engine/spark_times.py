"""Keeps the clock out of Spark's conversions.

Spark completes a text that is a time of day alone (``10:00``) with today's date. Its conversion to
a timestamp without a zone does not, and reads all other texts: it is asked first.
"""

from collections.abc import Sequence

from sqlglot.tokens import Token

from graphrec_core.config.spark_sql import parse
from graphrec_core.selects.conversions import INSTANTS

CALLS = {"timestamp": "cast", "to_timestamp": "cast", "try_to_timestamp": "try_cast"}
"""Functions of one argument that convert a text to an instant, and the cast they are."""
CASTS = ("cast", "try_cast")


def without_clock(text: str) -> str:
    """Returns a SELECT whose texts are no instants where Spark would ask the clock for their day.

    Args:
        text: Spark SQL without comments that ``check_select`` let pass.
    """
    return _Writer(text, parse(text).tokens).written(0, None)


class _Writer:
    """Writes a text anew, with each conversion to an instant behind a question."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text, self._tokens = text, tokens

    def written(self, start: int, end: int | None) -> str:
        """Writes the tokens from ``start`` up to ``end``, and what is between them."""
        end = len(self._tokens) if end is None else end
        parts, place = [], start
        while place < end:
            close = self._close(place) if self._is_call(place, end) else None
            if close is None:
                parts.append(self._token(place, end))
                place += 1
            else:
                parts.append(self._call(place, close))
                parts.append(self._gap(close, end))
                place = close + 1
        return "".join(parts)

    def _is_call(self, place: int, end: int) -> bool:
        name = self._tokens[place].text.lower()
        is_known = name in CALLS or name in CASTS
        return is_known and place + 1 < end and self._tokens[place + 1].text == "("

    def _close(self, place: int) -> int:
        """Finds the bracket that closes a call."""
        depth = 0
        for number in range(place + 1, len(self._tokens)):
            depth += {"(": 1, ")": -1}.get(self._tokens[number].text, 0) * self._is_sign(number)
            if depth == 0:
                return number
        raise ValueError("a bracket that is not closed")

    def _call(self, place: int, close: int) -> str:
        name = self._tokens[place].text.lower()
        inner = self.written(place + 2, close)
        plain = f"{name}({inner})"
        if name in CALLS:
            if "," in self._tops(place, close):
                return plain
            return _asked(CALLS[name], inner, plain)
        is_instant = self._tokens[close - 1].text.lower() in INSTANTS
        if not is_instant or self._tokens[close - 2].text.lower() != "as":
            return plain
        return _asked(name, self.written(place + 2, close - 2), plain)

    def _tops(self, place: int, close: int) -> list[str]:
        """Returns the signs of a call that are in no further brackets."""
        depth, found = 0, []
        for number in range(place + 2, close):
            text = self._tokens[number].text * self._is_sign(number)
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text, 0)
            if depth == 0:
                found.append(text)
        return found

    def _is_sign(self, number: int) -> bool:
        token = self._tokens[number]
        return token.end == token.start  # a text of one letter has quotes

    def _token(self, number: int, end: int) -> str:
        token = self._tokens[number]
        return self._text[token.start : token.end + 1] + self._gap(number, end)

    def _gap(self, number: int, end: int) -> str:
        """Returns what stands between a token and the next."""
        after = number + 1
        if after >= end or after >= len(self._tokens):
            return ""
        return self._text[self._tokens[number].end + 1 : self._tokens[after].start]


def _asked(cast: str, value: str, plain: str) -> str:
    local = f"{cast}(cast({value} as string) as timestamp_ntz)"
    return f"if(typeof({value}) <> 'string' or {local} is not null, {plain}, null)"
