"""From raw tables to accepted canonical rows, with their digests; the town is generated."""

from graphrec_core.intake.rules import CheckedTable, check_source

__all__ = ["CheckedTable", "check_source"]
