"""The leakage audit: reads written files, and nothing else, for rows that know the future."""

from collections.abc import Callable
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.errors import LeakageError
from graphrec_core.lake.layout import holdout_table
from graphrec_core.snapshot.instants import Instants, holdout_instants, view_instants
from graphrec_core.types import View

NUM_EXAMPLES = 5
TIMES = "first_event_time, last_event_time, last_known_at"


def audit(
    engine: Engine, config: PipelineConfig, as_of: datetime, uri_of: Callable[[str], str]
) -> None:
    """Checks every written file of a snapshot.

    Args:
        engine: A running engine.
        config: The pipeline.
        as_of: The run's instant.
        uri_of: Gives the URI of a table's folder, relative to the artefact.

    Raises:
        LeakageError: A row was fed by something at or after its view's instant, or known too
            late; names the table, the region and the row.
    """
    leaks: list[Relation] = []

    def find(table: str, query: str, reads: str, select: str, **bounds: datetime) -> None:
        rows = engine.project(engine.read_parquet(uri_of(table)), select)
        found = engine.run(query, {reads: rows}, **bounds)
        leaks.append(engine.project(found, f"'{table}' as table_name, region, name, leak"))

    def find_edges(table: str, select: str, instants: Instants) -> None:
        bounds = {"window_start": instants.start, "window_end": instants.end}
        bounds["known_before"] = instants.known_before
        find(table, "audit_edges", "written_edges", select, **bounds)

    for view in View:
        instants = view_instants(config, as_of, view)
        bounds = {"instant": instants.end, "known_before": instants.known_before}
        for ntype in config.source.nodes:
            table = f"view={view}/nodes/{ntype}"
            find(table, "audit_nodes", "written_nodes", "*", **bounds)
        for etype in config.source.edges:
            table = f"view={view}/edges/{etype}"
            find_edges(table, f"region, src, dst, {TIMES}", instants)
    pair = "region, query_id as src, candidate_id as dst"
    for view in (View.FIT, View.TRAIN):
        bounds_of_holdout = holdout_instants(config, as_of, view)
        find_edges(holdout_table(view), f"{pair}, {TIMES}", bounds_of_holdout)
    _refuse(engine, engine.union(leaks))


def _refuse(engine: Engine, leaks: Relation) -> None:
    text = f"select * from leaks order by table_name, region, name limit {NUM_EXAMPLES}"
    rows = engine.collect("audit", engine.query(text, {"leaks": leaks})).to_pylist()
    if rows:
        found = "; ".join(
            f"{row['table_name']} {row['name']} in {row['region']}: {row['leak']}" for row in rows
        )
        raise LeakageError(
            must="No written row may know anything from its view's instant on.",
            found=found,
            fix="This is a fault of the build or of a SELECT: check which source rows feed "
            "the rows named here. The snapshot was not committed.",
        )
