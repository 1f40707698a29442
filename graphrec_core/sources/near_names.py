"""Columns whose names are close to a canonical one: most likely meant, and not understood."""

import re
from collections.abc import Collection, Iterable

LONG_WORD = 4
"""Letters from which on a word with one wrong letter is a slip; ``as`` is no misspelt ``at``."""


def near_name(name: str, canonical: Iterable[str], taken: Collection[str]) -> str | None:
    """Finds the canonical name that a further column's name is close to.

    Close is what differs by case, blanks and signs alone. Where the canonical column itself is not
    there, close is also a slip in one word (a letter wrong, missing, added or swapped; the first
    letter stays), and the canonical words with others after them (``known_at_utc``).
    Honest names stay free: ``altitude``, ``height``, ``known_as``, ``regional``, ``weights_kg``.

    Args:
        name: The further column.
        canonical: The canonical names of its table.
        taken: Those of them that the table has.
    """
    for other in canonical:
        if _letters(name) == _letters(other):
            return other
        if other not in taken and (_begins_with(name, other) or _has_a_slip(name, other)):
            return other
    return None


def is_plural(name: str, canonical: str) -> bool:
    """Says whether a name is the plural of a canonical name: a list of labels is no label."""
    return "_" not in canonical and _letters(name) == f"{canonical}s"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.split(r"[\W_]+", parted.strip().lower())


def _begins_with(name: str, canonical: str) -> bool:
    words = canonical.split("_")
    return len(words) > 1 and _words(name)[: len(words)] == words


def _has_a_slip(name: str, canonical: str) -> bool:
    letters, words = _letters(name), canonical.split("_")
    for position, word in enumerate(words):
        before, after = "".join(words[:position]), "".join(words[position + 1 :])
        if letters.startswith(before) and letters.endswith(after):
            found = letters[len(before) : len(letters) - len(after)]
            if _is_slip(found, word):
                return True
    return False


def _is_slip(found: str, word: str) -> bool:
    """Compares words: one edit with a swap as one (the optimal string alignment distance)."""
    if len(word) < LONG_WORD:  # doubled or swapped letters only
        return found != word and len(found) <= len(word) + 1 and set(found) == set(word)
    if found[:1] != word[0] or abs(len(found) - len(word)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(found, word, strict=False)) if a != b), None)
    if start is None:
        return found != word
    rest, wanted = found[start:], word[start:]
    return (
        rest[1:] == wanted[1:]  # a wrong letter
        or rest[1:] == wanted  # one too many
        or rest == wanted[1:]  # one too few
        or (rest[1::-1] == wanted[:2] and rest[2:] == wanted[2:])  # two swapped
    )
