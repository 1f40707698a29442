"""Fixtures: the metrics and rules that these tests know."""

from tests.support.known_judging import known

__all__ = ["known"]
