"""The figures of a validation of the source."""

from typing import ClassVar

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures, Record


class TableFigures(Record):
    """How the rows of one canonical table were judged.

    Attributes:
        num_rows: Rows known in time, good and bad.
        num_rejected: The bad ones; they are in quarantine.
        reasons: Reason -> bad rows.
        digest: Order-free digest of all rows; empty: not stored by the version that wrote it.
    """

    num_rows: int
    num_rejected: int
    reasons: dict[str, int]
    digest: str = ""


class ValidationFigures(Figures):
    """How the rows of a day's source were judged.

    Attributes:
        tables: Canonical table, such as ``edges/visited`` -> what was found.
    """

    step: ClassVar[StepName] = StepName.VALIDATE
    shown: ClassVar[tuple[str, ...]] = ("tables",)

    tables: dict[str, TableFigures]
