"""Row rules: every row of every canonical table is accepted, or rejected with a reason.

The rules are SQL (``sql/check_*.sql``). validate-source reports and stores what they reject;
build-snapshot reads what they accept, through the same views.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.errors import SchemaError
from graphrec_core.intake.canonical import (
    TableKind,
    TableName,
    feature_columns,
    fit,
    has_column,
    row_text,
)
from graphrec_core.intake.edge_features import fit_edge_features, undeclared
from graphrec_core.intake.root import source_root
from graphrec_core.lake import Lake

logger = logging.getLogger(__name__)


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
    are read: nodes and features once, events whenever they are used, unless they are few (storing
    hundreds of millions of them would take longer than judging them again).

    Raises:
        UnreadableSourceError: A raw table cannot be read.
        SchemaError: A SELECT or its result does not fit its canonical table.
    """
    engine.register_tables(config.source, source_root(config, lake))
    check = _Check(engine, config.source.earliest_time)
    fitted = _fit_tables(engine, config, as_of + config.time.lateness)
    nodes = {
        name.name: check.nodes(name, rows, config.region.home[name.name] == "column")
        for name, rows in fitted.items()
        if name.kind is TableKind.NODES
    }
    ids = {
        ntype: engine.keep("node ids", engine.run("node_ids", {"node_versions": table.accepted}))
        for ntype, table in nodes.items()
    }
    tables = list(nodes.values())
    for name, rows in fitted.items():
        if name.kind is TableKind.EDGES:
            src, dst = config.endpoints(name.name)
            tables.append(check.edges(name, rows, ids[src], ids[dst]))
        elif name.kind is TableKind.FEATURES:
            timed = check.features(name, rows, ids[name.name])
            _refuse_repeated(nodes[name.name], timed)
            tables.append(timed)
    return {table.name: table for table in tables}


@dataclass(frozen=True)
class _Fitted:
    """The rows of a canonical table that were known in time, not judged yet.

    Attributes:
        known: The rows.
        schema: The schema of the SELECT's result.
        features: Names of the feature columns.
    """

    known: Relation
    schema: dict[str, str]
    features: tuple[str, ...]


def _fit_tables(
    engine: Engine, config: PipelineConfig, known_before: datetime
) -> dict[TableName, _Fitted]:
    """Runs every SELECT; what does not fit is said of all of them at once."""
    fitted: dict[TableName, _Fitted] = {}
    problems = []
    for name, text in _selects(config):
        try:
            selected = engine.select(where_of(name), text)
            schema = engine.schema(selected)
            columns, features = _projection(config, name, schema)
            reads = {"fitted_rows": engine.project(selected, columns)}
        except SchemaError as error:
            problems.append(error)
        else:
            known = engine.run("known_rows", reads, known_before=known_before)
            fitted[name] = _Fitted(known, schema, features)
    if problems:
        raise _joined(problems)
    return fitted


def _projection(
    config: PipelineConfig, name: TableName, schema: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Returns the SELECT list that fits a table, and the names of its features."""
    if name.kind is not TableKind.EDGES:
        home = config.region.home[name.name] if name.kind is TableKind.NODES else ""
        return fit(name, schema, home), feature_columns(name, schema)
    named = config.source.edges[name.name].features
    parts = [fit(name, schema), *fit_edge_features(name, schema, named)]
    if unread := undeclared(name, schema, named):
        logger.warning(
            "%s: left out, since its `features` do not name them: %s",
            where_of(name), ", ".join(unread),
        )  # fmt: skip
    return ",\n    ".join(parts), tuple(sorted(named))


def _selects(config: PipelineConfig) -> Iterator[tuple[TableName, str]]:
    for ntype, text in config.source.nodes.items():
        yield TableName(TableKind.NODES, ntype), text
    for etype, edge in config.source.edges.items():
        yield TableName(TableKind.EDGES, etype), edge.select
    for ntype, text in config.source.features.items():
        yield TableName(TableKind.FEATURES, ntype), text


def _joined(problems: Sequence[SchemaError]) -> SchemaError:
    if len(problems) == 1:
        return problems[0]
    return SchemaError(
        must="Every SELECT must yield its canonical table.",
        found="\n    ".join(f"{one.must} found: {one.found}" for one in problems),
        fix="\n    ".join(dict.fromkeys(one.fix for one in problems)),
    )


@dataclass(frozen=True)
class _Check:
    engine: Engine
    earliest: datetime

    def nodes(self, name: TableName, rows: _Fitted, needs_region: bool) -> CheckedTable:  # noqa: FBT001
        judged = self.engine.run(
            "check_nodes",
            {"canonical_rows": self._with_text(rows.known)},
            earliest=self.earliest,
            needs_region=needs_region,
        )
        return self._judged(name, rows, self.engine.keep(where_of(name), judged))

    def edges(
        self, name: TableName, rows: _Fitted, src_ids: Relation, dst_ids: Relation
    ) -> CheckedTable:
        # Without features the canonical columns tell rows apart, at less cost than a text.
        texts = self._with_text(rows.known) if rows.features else self._with_no_text(rows.known)
        events = self.engine.run("check_events", {"canonical_rows": texts}, earliest=self.earliest)
        ends = {"src_ids": src_ids, "dst_ids": dst_ids}
        judged = self.engine.run("check_edges", {"judged_events": events, **ends})
        if self.engine.keeps_events:
            judged = self.engine.keep(where_of(name), judged)
        return self._judged(name, rows, judged)

    def features(self, name: TableName, rows: _Fitted, node_ids: Relation) -> CheckedTable:
        reads = {"canonical_rows": self._with_text(rows.known), "node_ids": node_ids}
        judged = self.engine.run("check_features", reads, earliest=self.earliest)
        return self._judged(name, rows, self.engine.keep(where_of(name), judged))

    def _with_text(self, known: Relation) -> Relation:
        text = row_text(self.engine.schema(known))
        return self.engine.project(known, f"*, {text} as row_text")

    def _with_no_text(self, known: Relation) -> Relation:
        return self.engine.project(known, "*, '' as row_text")

    def _judged(self, name: TableName, rows: _Fitted, judged: Relation) -> CheckedTable:
        accepted = self.engine.filter(judged, "reject_reason is null")
        return CheckedTable(
            name,
            rows.known,
            self.engine.project(accepted, "* except (reject_reason)"),
            self.engine.filter(judged, "reject_reason is not null"),
            rows.features,
            has_column(rows.schema, "known_at"),
        )


def where_of(name: TableName) -> str:
    """Returns the key of the YAML that holds a table's SELECT."""
    return f"source.{name.kind}.{name.name}"


def _refuse_repeated(nodes: CheckedTable, timed: CheckedTable) -> None:
    names = set(map(str.lower, nodes.features))
    if repeated := [name for name in timed.features if name.lower() in names]:
        raise SchemaError(
            must=f"{nodes.name} and {timed.name} must not have a feature of the same name.",
            found=", ".join(repeated),
            fix=f"Rename it, or leave it out of source.nodes.{nodes.name.name}.",
        )
