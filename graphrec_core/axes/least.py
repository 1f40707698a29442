"""The least entries of each row, such as the latest by their age."""

from collections.abc import Sequence

import numpy as np


def least(
    rows: np.ndarray, values: np.ndarray, ties: Sequence[np.ndarray], most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the entries of each row with the least values.

    Args:
        rows: int [num_entries]; the row that an entry is of.
        values: Number [num_entries].
        ties: Numbers [num_entries] that order equal values, the first one first.
        most: Entries of a row, at most.

    Returns:
        Positions of entries, int64 [num_found], by row and least first; and the place of each in
        its row, from 0.
    """
    order = np.lexsort((*reversed(ties), values, rows))
    ordered = rows[order]
    place = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    return order[place < most], place[place < most]
