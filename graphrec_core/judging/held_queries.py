"""Which queries a ranker is not fitted to: a share of them, by a hash of their ids.

A query is held out of every window or of none, whatever else is in it.
"""

import hashlib

import numpy as np
import pyarrow as pa


def query_numbers(ids: pa.Array) -> np.ndarray:
    """Hashes ids to int64 [num_ids], evenly over all numbers."""
    digests = (hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids.to_pylist())
    return np.frombuffer(b"".join(digests), dtype="<i8").astype(np.int64)


def held_out(numbers: np.ndarray, frac: float, seed: int) -> np.ndarray:
    """Draws a share of the queries; the draws of two seeds have nothing in common.

    Args:
        numbers: int64 [P], see ``query_numbers``.
        frac: The share, in [0, 1).
        seed: Which draw.

    Returns:
        bool [P]; equal for equal numbers.
    """
    return mixed(numbers, seed) < np.uint64(int(frac * 2**64))


def mixed(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Mixes numbers with a seed to uint64 [P]: splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    found = numbers.astype(np.uint64) + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        found = (found ^ (found >> np.uint64(shift))) * np.uint64(factor)  # its overflow is meant
    return found
