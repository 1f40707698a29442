"""Quality: row rules that send bad rows to quarantine, and suites over the accepted rows."""

from graphrec_core.quality.rules import CheckedTable, check_source

__all__ = ["CheckedTable", "check_source"]
