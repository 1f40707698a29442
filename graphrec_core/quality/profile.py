"""The profile of a canonical table: one engine query, one row, small enough for pandas."""

import pandas as pd

from graphrec_core.engine import Engine
from graphrec_core.intake.rules import CheckedTable, where_of
from graphrec_core.lake.records import TableFigures


def profile(engine: Engine, table: CheckedTable, summary: TableFigures) -> pd.DataFrame:
    """Profiles a table's accepted rows.

    Args:
        engine: The engine that judged the table.
        table: The table.
        summary: How its rows were judged.

    Returns:
        One row: ``columns`` (their names, sorted and joined), the columns of
        ``sql/profile_<kind>.sql``, ``num_rejected_rows`` and ``rejected_frac`` of all rows.
    """
    columns = ", ".join(sorted(engine.schema(table.accepted)))
    found = engine.run(f"profile_{table.name.kind}", {"accepted_rows": table.accepted})
    (row,) = engine.collect(where_of(table.name), found).to_pylist()
    rejected = summary.num_rejected
    return pd.DataFrame(
        [
            {
                "columns": columns,
                **row,
                "num_rejected_rows": rejected,
                "rejected_frac": rejected / max(1, summary.num_rows),
            }
        ]
    )
