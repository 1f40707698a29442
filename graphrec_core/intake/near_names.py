"""Columns whose names are close to a canonical one: most likely meant, and not understood."""

import re
from collections.abc import Collection, Iterable, Sequence

LONG_WORD = 4
"""Letters from which on a word with one wrong letter is a slip; ``as`` is no misspelt ``at``."""
WORDS = frozenset(["depleted", "tile", "tithe"])
"""Words of their own, one letter away from a canonical one."""
MOMENT = frozenset([
    "at", "date", "datetime", "dt", "epoch", "instant", "micros", "millis", "ms", "on", "since",
    "time", "timestamp", "ts", "unix", "utc", "when",
])  # fmt: skip
"""Words that say when."""
SAME = {
    "at": MOMENT,
    "time": MOMENT,
    "id": frozenset(["guid", "identifier", "key", "uid", "uuid"]),
    "from": frozenset(["after", "begin", "since", "start", "starting"]),
    "to": frozenset(["end", "ending", "thru", "through", "till", "until", "upto"]),
}
"""Last word of a canonical name of two -> words that say the same."""
OWNERS = frozenset(["edge", "event", "node", "record", "row"])
"""Words before a canonical name that add nothing to it."""
OTHER_THINGS = frozenset(["record_title"])
"""Names that look so and are something else: what a song's record is called."""
FORMER = {"label": "title"}
"""Names that canonical columns had once: read as a feature, what people see would be learned."""
DELETED = frozenset(["delete", "deleted"])
BESIDE_DELETED = MOMENT | OWNERS | {"been", "by", "flag", "has", "is", "soft", "was"}


def near_name(name: str, canonical: Iterable[str], taken: Collection[str]) -> str | None:
    """Finds the canonical name that a further column's name is close to.

    Close is what differs by case, blanks and signs alone. Where the canonical column itself is not
    there, close is also a slip in one word (a letter wrong, missing, added or swapped; the first
    letter stays), the canonical words with others after them (``known_at_utc``) or their table's
    kind before them (``edge_weight``), another word for the last of two (``event_ts``,
    ``valid_until``), and other forms of the mark of a deletion (``deleted``, ``deleted_at``).
    Honest names stay free: ``altitude``, ``height``, ``known_as``, ``regional``, ``weights_kg``,
    ``region_name``, ``title_2``, ``deleted_posts``; a former name (``label``) does not.

    Args:
        name: The further column.
        canonical: The canonical names of its table.
        taken: Those of them that the table has.
    """
    words = _words(name)
    for other in canonical:
        if _letters(name) == _letters(other) or FORMER.get(_letters(name)) == other:
            return other
        if other not in taken and (_says_the_same(words, other) or _has_a_slip(name, other)):
            return other
    return None


def is_plural(name: str, canonical: str) -> bool:
    """Says whether a name is the plural of a canonical name: a list of titles is no title."""
    return "_" not in canonical and _letters(name) == f"{canonical}s"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.split(r"[\W_]+", parted.strip().lower())


def _says_the_same(words: Sequence[str], canonical: str) -> bool:
    if "_".join(words) in OTHER_THINGS:
        return False
    if canonical == "is_deleted" and _marks_a_deletion(words):
        return True
    own = canonical.split("_")
    if len(own) > 1 and list(words[: len(own)]) == own:
        return True
    if words[0] in OWNERS and list(words[1:]) == own:
        return True
    return len(own) == len(words) == 2 and words[0] == own[0] and words[1] in SAME.get(own[1], ())


def _marks_a_deletion(words: Sequence[str]) -> bool:
    rest = [word for word in words if word not in BESIDE_DELETED]
    return len(rest) == 1 and rest[0] in DELETED


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
    if found[:1] != word[0] or abs(len(found) - len(word)) > 1 or found in WORDS:
        return False
    if found[-1].isdigit():  # the first or second of several
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
