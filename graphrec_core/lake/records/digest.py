"""What tells whether a table's rows are still those that a snapshot was made of."""

from collections.abc import Mapping
from typing import ClassVar

from graphrec_core.lake.records.figures import Record


class TableDigest(Record):
    """Rows of one source, as far as they were known at an instant.

    Attributes:
        digest: Order-free digest of the rows, or of the file where rows are not counted.
        num_rows: Number of rows; None (not stored) where only a file is compared.
        columns: Names and types; None (not stored) where the digest covers them.
    """

    unstored_defaults: ClassVar[frozenset[str]] = frozenset({"num_rows", "columns"})

    digest: str
    num_rows: int | None = None
    columns: str | None = None


Digests = Mapping[str, TableDigest]
"""Table -> its rows, as far as they were known at an instant."""
