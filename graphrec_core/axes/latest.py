"""What was last: the most recent entries of each row."""

from collections.abc import Sequence

import numpy as np


def latest(
    rows: np.ndarray, ages: np.ndarray, ties: Sequence[np.ndarray], most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the most recent entries of each row.

    Args:
        rows: int [num_entries]; the row that an entry is of.
        ages: Number [num_entries]; the least is the latest.
        ties: Numbers [num_entries] that order equal ages, the first one first.
        most: Entries of a row, at most.

    Returns:
        Positions of entries, int64 [num_found], by row and latest first; and the place of each in
        its row, from 0.
    """
    order = np.lexsort((*reversed(ties), ages, rows))
    ordered = rows[order]
    place = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    return order[place < most], place[place < most]
