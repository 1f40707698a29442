"""Fixtures: a market whose first day is live, and the metrics and rules that the tests know."""

from tests.support.known_judging import known
from tests.support.live_days import champions, config, first_day

__all__ = ["champions", "config", "first_day", "known"]
