"""Row rules: every row of every canonical table is accepted, or rejected with a reason.

The rules are SQL (``sql/check_*.sql``). validate-source reports and stores what they reject;
build-snapshot reads what they accept, through the same views.
"""

from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Relation, SparkEngine
from graphrec_core.errors import SchemaError
from graphrec_core.lake import Lake
from graphrec_core.sources.canonical import TableKind, TableName, feature_columns, fit
from graphrec_core.sources.town import ensure_town


@dataclass(frozen=True)
class CheckedTable:
    """One canonical table, every row judged.

    Attributes:
        name: Which table.
        rows: Its canonical columns, its features and ``reject_reason`` (null: accepted).
        features: Names of its feature columns.
        has_known_at: Whether its source says when rows reached us; without it a rebuild cannot
            leave out what arrived later.
    """

    name: TableName
    rows: Relation
    features: tuple[str, ...]
    has_known_at: bool

    @property
    def accepted(self) -> Relation:
        """The rows that no rule rejects."""
        return self.rows.where("reject_reason is null").drop("reject_reason")

    @property
    def rejected(self) -> Relation:
        """The rows that a rule rejects, with ``reject_reason``."""
        return self.rows.where("reject_reason is not null")


def check_source(
    engine: SparkEngine, config: PipelineConfig, lake: Lake, as_of: datetime
) -> dict[TableName, CheckedTable]:
    """Judges every row of the source that was known in time for ``as_of``.

    Nodes come first, since edges and features are checked against them.

    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT or its result does not fit its canonical table.
    """
    source = config.source
    root = ensure_town(lake, source.town) if source.town is not None else source.root
    engine.register_tables(source, root)
    known_before = as_of + config.time.lateness
    checked: dict[TableName, CheckedTable] = {}
    for ntype, text in source.nodes.items():
        name = TableName(TableKind.NODES, ntype)
        known = _known_rows(engine, name, text, known_before)
        rule = config.region.home[ntype] == "column"
        rows = engine.run("check_nodes", earliest=source.earliest_time, needs_region=rule)
        checked[name] = _keep(engine, name, rows, known)
    for etype, edge in source.edges.items():
        name = TableName(TableKind.EDGES, etype)
        src, dst = config.endpoints(etype)
        _register_ids(engine, "src_ids", checked[TableName(TableKind.NODES, src)])
        _register_ids(engine, "dst_ids", checked[TableName(TableKind.NODES, dst)])
        known = _known_rows(engine, name, edge.select, known_before)
        rows = engine.run("check_edges", earliest=source.earliest_time)
        checked[name] = _keep(engine, name, rows, known)
    for ntype, text in source.features.items():
        name = TableName(TableKind.FEATURES, ntype)
        _register_ids(engine, "node_ids", checked[TableName(TableKind.NODES, ntype)])
        known = _known_rows(engine, name, text, known_before)
        rows = engine.run("check_features", earliest=source.earliest_time)
        checked[name] = _keep(engine, name, rows, known)
        _refuse_repeated(checked[TableName(TableKind.NODES, ntype)], checked[name])
    return checked


def _known_rows(
    engine: SparkEngine, name: TableName, text: str, known_before: datetime
) -> dict[str, str]:
    """Registers ``canonical_rows`` and returns the schema of the SELECT's result."""
    where = f"source.{name.kind}.{name.name}"
    selected = engine.run_select(where, text)
    schema = engine.schema(selected)
    engine.register("fitted_rows", engine.project(selected, fit(name, schema)))
    engine.register("canonical_rows", engine.run("known_rows", known_before=known_before))
    return schema


def _keep(
    engine: SparkEngine, name: TableName, rows: Relation, schema: dict[str, str]
) -> CheckedTable:
    kept = engine.keep(f"source.{name.kind}.{name.name}", rows)
    return CheckedTable(name, kept, feature_columns(name, schema), "known_at" in schema)


def _refuse_repeated(nodes: CheckedTable, timed: CheckedTable) -> None:
    if repeated := sorted(set(nodes.features) & set(timed.features)):
        raise SchemaError(
            must=f"{nodes.name} and {timed.name} must not have a feature of the same name.",
            found=", ".join(repeated),
            fix=f"Rename it, or leave it out of source.nodes.{nodes.name.name}.",
        )


def _register_ids(engine: SparkEngine, view: str, nodes: CheckedTable) -> None:
    engine.register(view, nodes.accepted.select("node_id").distinct())
