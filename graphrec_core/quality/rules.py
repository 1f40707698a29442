"""Row rules: every row of every canonical table is accepted, or rejected with a reason.

The rules are SQL (``sql/check_*.sql``). validate-source reports and stores what they reject;
build-snapshot reads what they accept, through the same views.
"""

from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.errors import SchemaError
from graphrec_core.lake import Lake
from graphrec_core.sources.canonical import TableKind, TableName, feature_columns, fit, row_text
from graphrec_core.sources.root import source_root


@dataclass(frozen=True)
class CheckedTable:
    """One canonical table, every row judged.

    Attributes:
        name: Which table.
        known: The canonical columns and features of all rows known in time, good and bad.
        accepted: The rows that no rule rejects.
        rejected: The rows that a rule rejects, with ``reject_reason``.
        features: Names of its feature columns.
        has_known_at: Whether its source says when rows reached us; without it a rebuild cannot
            leave out what arrived later.
    """

    name: TableName
    known: Relation
    accepted: Relation
    rejected: Relation
    features: tuple[str, ...]
    has_known_at: bool


def check_source(
    engine: Engine, config: PipelineConfig, lake: Lake, as_of: datetime
) -> dict[TableName, CheckedTable]:
    """Judges every row of the source that was known in time for ``as_of``.

    Nodes come first, since edges and features are checked against them. Rows are judged when they
    are read: nodes and features once, events whenever they are used (storing hundreds of millions
    of them would take longer than judging them again).

    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT or its result does not fit its canonical table.
    """
    source = config.source
    engine.register_tables(source, source_root(config, lake))
    check = _Check(engine, source.earliest_time, as_of + config.time.lateness)
    nodes = {}
    for ntype, text in source.nodes.items():
        has_column = config.region.home[ntype] == "column"
        nodes[ntype] = check.nodes(TableName(TableKind.NODES, ntype), text, has_column)
    ids = {
        ntype: engine.keep("node ids", engine.run("node_ids", {"node_versions": table.accepted}))
        for ntype, table in nodes.items()
    }
    tables = list(nodes.values())
    for etype, edge in source.edges.items():
        src, dst = config.endpoints(etype)
        name = TableName(TableKind.EDGES, etype)
        tables.append(check.edges(name, edge.select, ids[src], ids[dst]))
    for ntype, text in source.features.items():
        timed = check.features(TableName(TableKind.FEATURES, ntype), text, ids[ntype])
        _refuse_repeated(nodes[ntype], timed)
        tables.append(timed)
    return {table.name: table for table in tables}


@dataclass(frozen=True)
class _Check:
    engine: Engine
    earliest: datetime
    known_before: datetime

    def nodes(self, name: TableName, text: str, needs_region: bool) -> CheckedTable:  # noqa: FBT001
        known, schema = self._known(name, text)
        rows = self.engine.run(
            "check_nodes",
            {"canonical_rows": self._with_text(known)},
            earliest=self.earliest,
            needs_region=needs_region,
        )
        return self._judged(name, known, self.engine.keep(where_of(name), rows), schema)

    def edges(
        self, name: TableName, text: str, src_ids: Relation, dst_ids: Relation
    ) -> CheckedTable:
        known, schema = self._known(name, text)
        judged = self.engine.run("check_events", {"canonical_rows": known}, earliest=self.earliest)
        reads = {"judged_events": judged, "src_ids": src_ids, "dst_ids": dst_ids}
        rows = self.engine.run("check_edges", reads)
        return self._judged(name, known, rows, schema)

    def features(self, name: TableName, text: str, node_ids: Relation) -> CheckedTable:
        known, schema = self._known(name, text)
        reads = {"canonical_rows": self._with_text(known), "node_ids": node_ids}
        rows = self.engine.run("check_features", reads, earliest=self.earliest)
        return self._judged(name, known, self.engine.keep(where_of(name), rows), schema)

    def _known(self, name: TableName, text: str) -> tuple[Relation, dict[str, str]]:
        """Returns the fitted rows known in time, and the schema of the SELECT's result."""
        selected = self.engine.select(where_of(name), text)
        schema = self.engine.schema(selected)
        fitted = self.engine.project(selected, fit(name, schema))
        reads = {"fitted_rows": fitted}
        return self.engine.run("known_rows", reads, known_before=self.known_before), schema

    def _with_text(self, known: Relation) -> Relation:
        text = row_text(self.engine.schema(known))
        return self.engine.project(known, f"*, {text} as row_text")

    def _judged(
        self, name: TableName, known: Relation, rows: Relation, schema: dict[str, str]
    ) -> CheckedTable:
        accepted = self.engine.filter(rows, "reject_reason is null")
        return CheckedTable(
            name,
            known,
            self.engine.project(accepted, "* except (reject_reason)"),
            self.engine.filter(rows, "reject_reason is not null"),
            feature_columns(name, schema),
            "known_at" in schema,
        )


def where_of(name: TableName) -> str:
    """Returns the key of the YAML that holds a table's SELECT."""
    return f"source.{name.kind}.{name.name}"


def _refuse_repeated(nodes: CheckedTable, timed: CheckedTable) -> None:
    if repeated := sorted(set(nodes.features) & set(timed.features)):
        raise SchemaError(
            must=f"{nodes.name} and {timed.name} must not have a feature of the same name.",
            found=", ".join(repeated),
            fix=f"Rename it, or leave it out of source.nodes.{nodes.name.name}.",
        )
