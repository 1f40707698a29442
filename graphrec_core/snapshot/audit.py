"""The leakage audit: reads written files, and nothing else, for rows that know the future."""

from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Relation, SparkEngine
from graphrec_core.errors import LeakageError
from graphrec_core.lake import Storage
from graphrec_core.snapshot.instants import Instants, holdout_instants, view_instants
from graphrec_core.types import View

NUM_EXAMPLES = 5


def audit(
    engine: SparkEngine, config: PipelineConfig, as_of: datetime, storage: Storage, base: str
) -> None:
    """Checks every written file of a snapshot.

    Args:
        engine: A running engine.
        config: The pipeline.
        as_of: The run's instant.
        storage: The lake's storage.
        base: Folder of the attempt whose files are checked.

    Raises:
        LeakageError: A row was fed by something at or after its view's instant, or known too
            late; names the table, the region and the row.
    """
    leaks: list[Relation] = []

    def read(table: str) -> Relation:
        return engine.read_parquet(storage.uri(f"{base}/{table}"))

    for view in View:
        instants = view_instants(config, as_of, view)
        for ntype in config.source.nodes:
            table = f"view={view}/nodes/{ntype}"
            engine.register("written_nodes", read(table))
            bounds = {"instant": instants.end, "known_before": instants.known_before}
            leaks.append(_label(engine, table, engine.run("audit_nodes", **bounds)))
        for etype in config.source.edges:
            table = f"view={view}/edges/{etype}"
            leaks.append(_edge_leaks(engine, table, read(table), instants))
    named = {"query_id": "src", "candidate_id": "dst"}
    holdout = read("holdout").withColumnsRenamed(named)
    leaks.append(_edge_leaks(engine, "holdout", holdout, holdout_instants(config, as_of)))
    _refuse(engine, engine.union(leaks))


def _edge_leaks(engine: SparkEngine, table: str, edges: Relation, instants: Instants) -> Relation:
    engine.register("written_edges", edges)
    leaks = engine.run(
        "audit_edges",
        window_start=instants.start,
        window_end=instants.end,
        known_before=instants.known_before,
    )
    return _label(engine, table, leaks)


def _label(engine: SparkEngine, table: str, leaks: Relation) -> Relation:
    return engine.project(leaks, f"'{table}' as table_name, region, name, leak")


def _refuse(engine: SparkEngine, leaks: Relation) -> None:
    rows = engine.collect("audit", leaks.limit(NUM_EXAMPLES)).to_pylist()
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
