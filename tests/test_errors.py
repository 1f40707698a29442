"""The error tree: what every message says, and how each kind ends a step."""

import pytest

from graphrec_core import errors
from graphrec_core.errors import GraphrecError

EXIT_CODES = {
    "GraphrecError": 1,
    "LakeError": 1,
    "AbsentError": 2,
    "ConflictError": 1,
    "DamagedError": 1,
    "UnavailableError": 1,
    "NotReadyError": 1,
    "ConfigError": 2,
    "UnreadableSourceError": 2,
    "RefusedError": 3,
    "SchemaError": 3,
    "EmptyTableError": 3,
    "BadRowsError": 3,
    "ExpectationError": 3,
    "LeakageError": 3,
    "HistoryChangedError": 3,
    "GateRefusedError": 3,
    "NotLiveError": 3,
}


def _kinds() -> dict[str, type[GraphrecError]]:
    return {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, GraphrecError)
    }


def test_the_tree_is_complete() -> None:
    assert {name: kind.exit_code for name, kind in _kinds().items()} == EXIT_CODES


@pytest.mark.parametrize("name", sorted(EXIT_CODES))
def test_the_docstring_draws_every_kind_with_its_code(name: str) -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if f" {name} " in f" {line} "]
    assert len(lines) == 1
    assert str(EXIT_CODES[name]) in lines[0].split()


def test_a_message_says_what_must_hold_what_was_found_and_what_to_do() -> None:
    error = GraphrecError(must="A must hold.", found="B", fix="Do C.")
    assert str(error) == "A must hold.\n  found: B\n  to do: Do C."


@pytest.mark.parametrize("left_out", ["must", "found", "fix"])
def test_no_part_of_a_message_may_be_left_out(left_out: str) -> None:
    parts = {"must": "a", "found": "b", "fix": "c"}
    del parts[left_out]
    with pytest.raises(TypeError, match=left_out):
        GraphrecError(**parts)
