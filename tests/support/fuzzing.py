"""How long fuzzers run: a few seconds each in CI, longer by hand with ``make fuzz TIMES=20``.

A fuzzer is seeded, so that what it finds is found again.
"""

import os

import pytest

TIMES = int(os.environ.get("GRAPHREC_FUZZ_TIMES", "1"))

fuzz = pytest.mark.fuzz


def examples(num: int) -> int:
    """Returns how many examples to try where CI tries ``num``."""
    return num * TIMES
