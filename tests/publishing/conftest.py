"""Fixtures: a market whose first day is live."""

from tests.support.live_days import champions, config, first_day

__all__ = ["champions", "config", "first_day"]
