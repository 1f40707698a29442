"""When a source has too many bad rows: every table's findings in one message, causes first.

A bad node makes every row that names it a row of an unknown node. So node tables stand before
what refers to them, and a table says which other one its unknown nodes come from.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import BadRowsError, EmptyTableError
from graphrec_core.intake.canonical import TableKind
from graphrec_core.lake.records import TableFigures

logger = logging.getLogger(__name__)

CAUSES_FIRST = (TableKind.NODES, TableKind.FEATURES, TableKind.EDGES)
UNKNOWN = "an unknown node"
REMEDIES = {  # words of a reason -> what to do about it
    "before source.earliest_time": "Where such times are meant (1900-01-01 often stands for "
    "always), set source.earliest_time to an older day.",
    "duplicate": "Keep one row per key, or give a correction a later known_at.",
    "region is null": "Give every node a region, or find homes another way "
    "(from_events or coordinates in `region`).",
    "has a reserved": "Rename it in the SELECT.",
    "is outside": "Check that latitude and longitude are not swapped.",
    UNKNOWN: "Check that the SELECTs in source.nodes yield every id, written alike.",
}


@dataclass(frozen=True)
class _Finding:
    """A table that must be refused.

    Attributes:
        table: Its name, such as ``edges/visited``.
        num_rows: Rows known in time.
        reasons: reason -> bad rows, the most frequent first.
        follows_from: The node tables in which its unknown nodes were rejected.
    """

    table: str
    num_rows: int
    reasons: Mapping[str, int]
    follows_from: tuple[str, ...]

    def describe(self) -> str:
        if not self.num_rows:
            return f"{self.table}: no row"
        counts = ", ".join(f"{count} x {reason}" for reason, count in self.reasons.items())
        because = f" (since {' and '.join(self.follows_from)} has bad rows)"
        text = f"{self.table}: {sum(self.reasons.values())} of {self.num_rows}: {counts}"
        return text + because if self.follows_from else text

    def remedies(self) -> Iterator[str]:
        for words, remedy in REMEDIES.items():
            if any(words in reason for reason in self.reasons):
                if words == UNKNOWN and self.follows_from:
                    continue
                yield remedy


def refuse_bad_tables(
    config: PipelineConfig, quarantine: str, as_of: datetime, tables: Mapping[str, TableFigures]
) -> None:
    """Refuses a source with too many bad rows, or with a table of which none is good.

    Args:
        config: Its ``source.max_bad_rows_frac`` is the limit.
        quarantine: URI of the folder that holds the rejected rows.
        as_of: The run's instant.
        tables: Table -> how its rows were judged.

    Raises:
        BadRowsError: Tables have too many bad rows.
        EmptyTableError: A table has no row, or none that is good within the limit.
    """
    found = _findings(config, tables)
    _warn(tables, {one.table for one in found})
    if not found:
        return
    if not found[0].reasons:
        raise EmptyTableError(
            must=f"{found[0].table} must hold at least one good row known before "
            f"{(as_of + config.time.lateness).isoformat()}.",
            found=_described(found),
            fix="Check its source table, its SELECT in "
            f"source.{found[0].table.replace('/', '.')}, and --as-of.",
        )
    limit = config.source.max_bad_rows_frac
    raise BadRowsError(
        must=f"At most {limit:.2%} of the rows of every table may be bad "
        "(source.max_bad_rows_frac), and one must be good.",
        found=_described(found),
        fix=" ".join(
            [
                "Correct the source.",
                *dict.fromkeys(remedy for one in found for remedy in one.remedies()),
                "`graphrec quarantine` shows the bad rows.",
                f"For {found[0].table}, the bad rows are in {quarantine}/{found[0].table}.",
            ]
        ),
    )


def _findings(config: PipelineConfig, tables: Mapping[str, TableFigures]) -> list[_Finding]:
    """Returns the tables to refuse, causes before consequences."""
    found: dict[str, _Finding] = {}
    order = [f"{kind}/" for kind in CAUSES_FIRST]
    for name in sorted(tables, key=lambda name: (order.index(name.partition("/")[0] + "/"), name)):
        entry = tables[name]
        rejected, num_rows = entry.num_rejected, entry.num_rows
        if rejected <= config.source.max_bad_rows_frac * num_rows and rejected < num_rows:
            continue
        reasons = sorted(entry.reasons.items(), key=lambda item: (-item[1], item[0]))
        causes = [node for node in _named_nodes(config, name, entry.reasons) if node in found]
        found[name] = _Finding(name, num_rows, dict(reasons), tuple(causes))
    return list(found.values())


def _named_nodes(config: PipelineConfig, table: str, reasons: Mapping[str, int]) -> Iterator[str]:
    """Yields the node tables that do not know a node that a table names."""
    kind, _, name = table.partition("/")
    if kind == TableKind.NODES:
        return
    columns = {"node_id": name}
    if kind == TableKind.EDGES:
        columns = dict(zip(("src", "dst"), config.endpoints(name), strict=True))
    for column, ntype in columns.items():
        if f"{column} is {UNKNOWN}" in reasons:
            yield f"{TableKind.NODES}/{ntype}"


def _described(found: Sequence[_Finding]) -> str:
    return "; ".join(one.describe() for one in found)


def _warn(tables: Mapping[str, TableFigures], refused: set[str]) -> None:
    for name, entry in tables.items():
        if entry.num_rejected and name not in refused:
            logger.warning(
                "%s: %d of %d rows are in quarantine: %s",
                name, entry.num_rejected, entry.num_rows, entry.reasons,
            )  # fmt: skip
