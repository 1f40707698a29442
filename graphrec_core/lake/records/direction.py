"""Which way a metric is better, and the words that go with it."""

from enum import StrEnum


class Better(StrEnum):
    """Which of two values of a metric is the better one."""

    GREATER = "greater"
    SMALLER = "smaller"

    @property
    def sign(self) -> int:
        """1 or -1: a value times this is better when it is greater."""
        return 1 if self is Better.GREATER else -1

    @property
    def worse_side(self) -> str:
        """Where a worse value lies: ``below``."""
        return "below" if self is Better.GREATER else "above"

    @property
    def limit(self) -> str:
        """What an absolute bound is called: ``floor``."""
        return "floor" if self is Better.GREATER else "ceiling"

    @property
    def at_limit(self) -> str:
        """How a bound is asked for: ``at least``."""
        return "at least" if self is Better.GREATER else "at most"
