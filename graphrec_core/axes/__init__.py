"""Ids and rows: who stands in which row, and pairs of rows; nothing of an index."""
