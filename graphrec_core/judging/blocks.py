"""How many queries are scored at a time: what a block of scores may take."""

MAX_CELLS = 2**24
"""Scores that are held at a time."""
MAX_BLOCK = 512


def block_size(num_candidates: int) -> int:
    """Returns the queries of a block, from 1 to ``MAX_BLOCK``."""
    return max(1, min(MAX_BLOCK, MAX_CELLS // max(num_candidates, 1)))
