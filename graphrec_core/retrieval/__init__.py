"""Ranking candidates for queries: numpy and an index, no torch."""
