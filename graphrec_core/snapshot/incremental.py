"""A view built on that of the day before: unchanged edges are taken over, the others recomputed.

The rows are those of a full build: a pair's edge is taken over only if none of its events came,
went or was corrected, and neither end moved or became known. Nodes are few and are computed anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphrec_core.engine import Relation
from graphrec_core.engine.queries import quoted
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import shortened_regions
from graphrec_core.lake.records import LeftOut
from graphrec_core.snapshot.files import long_regions
from graphrec_core.snapshot.homes import home_regions
from graphrec_core.snapshot.instants import Instants
from graphrec_core.snapshot.left_out import count_left_out, may_leave_out
from graphrec_core.snapshot.view import ViewBuilder
from graphrec_core.types import View


def extend_view(
    builder: ViewBuilder,
    known: Mapping[TableName, Relation],
    before: Artifact,
    old: Instants,
    new: Instants,
) -> LeftOut:
    """Computes and writes the serve view of a day from the snapshot of the day before.

    Args:
        builder: What builds views.
        known: The rows of every canonical table that were known in time, good and bad.
        before: The snapshot of the day before, whose history is unchanged.
        old: Bounds of its serve view.
        new: Bounds of this day's.

    Returns:
        What of it is in no region.
    """
    return _Extension(builder, known, before, old, new).write()


@dataclass(frozen=True)
class _Extension:
    builder: ViewBuilder
    known: Mapping[TableName, Relation]
    before: Artifact
    old: Instants
    new: Instants

    def write(self) -> LeftOut:
        builder, engine = self.builder, self.builder.engine
        ntypes, etypes = builder.config.source.nodes, builder.config.source.edges
        nodes = {ntype: builder.nodes(ntype, self.new) for ntype in ntypes}
        pairs = self._whole_pairs()
        homes = home_regions(engine, builder.config, builder.areas, nodes, pairs)
        left_out = count_left_out(engine, builder.config, View.SERVE, homes, pairs)
        # A pair changes with its events, and with either end: its region, or whether it exists.
        changed = {ntype: self._changed_nodes(ntype, homes[ntype]) for ntype in ntypes}
        for etype in etypes:
            affected = self._affected_pairs(etype, changed)
            edges = self._edges(etype, affected, homes)
            builder.files.write(f"view={View.SERVE}/edges/{etype}", edges, ("src", "dst"))
        # Nodes are few beside events, and their activity follows from the edges: always anew.
        builder.write_nodes(View.SERVE, self.new, nodes, homes)
        return left_out

    def _whole_pairs(self) -> dict[str, Relation]:
        """Homes that follow a node's events need all of its pairs, as do edges left out."""
        config = self.builder.config
        has_followers = "from_events" in config.region.home.values()
        return {
            etype: self.builder.pairs(etype, self._events(etype), self.new)
            for etype in config.source.edges
            if has_followers or may_leave_out(config, etype)
        }

    def _changed_nodes(self, ntype: str, homes: Relation) -> Relation:
        engine = self.builder.engine
        reads = {
            "old_nodes": self.builder.nodes_as_of(ntype, self.old),
            "old_homes": self._written(f"nodes/{ntype}"),
            "new_homes": homes,
        }
        return engine.keep("changed nodes", engine.run("changed_nodes", reads))

    def _affected_pairs(self, etype: str, changed: Mapping[str, Relation]) -> Relation:
        engine, freshness = self.builder.engine, self.builder.config.time.freshness
        src, dst = self.builder.config.endpoints(etype)
        late = self.builder.late_ends(etype, self.old.known_before)
        affected = engine.run(
            "affected_pairs",
            {
                # Whether a row is good costs more to find than its pair to compute again.
                "event_rows": self.known[TableName(TableKind.EDGES, etype)],
                **late,
                "changed_src": changed[src],
                "changed_dst": changed[dst],
            },
            old_start=self.old.start,
            old_end=self.old.end,
            old_known_before=self.old.known_before,
            start=self.new.start,
            end=self.new.end,
            bucket_days=0 if freshness is None else freshness.bucket_days,
        )
        return engine.keep("affected pairs", affected)

    def _edges(self, etype: str, affected: Relation, homes: Mapping[str, Relation]) -> Relation:
        """Joins the edges of the day before that stay with those computed anew."""
        builder, engine = self.builder, self.builder.engine
        # A correction may have moved an event here from another pair, so all rows of an event
        # that touches an affected pair are read before it is judged which of them counts.
        some = engine.keep(
            "some rows", self._of_pairs("affected_rows", self._rows(etype), affected)
        )
        reads = {"some_rows": some, "event_rows": self._rows(etype)}
        rows = engine.run("whole_events", reads)
        events = builder.fresh_events(builder.events_of(rows, self.new), self.new)
        pairs = builder.pairs(etype, events, self.new)
        # Of pairs that are not affected only some rows came along: their edges stay as written.
        pairs = engine.keep(
            "pairs", self._of_pairs("affected_rows", pairs, affected), is_read_once=True
        )
        fresh = builder.edges_by_region(etype, pairs, homes)
        old = self._of_pairs("unaffected_rows", self._written(f"edges/{etype}"), affected)
        columns = ", ".join(map(quoted, engine.schema(fresh)))
        return engine.union([engine.project(old, columns), fresh])

    def _events(self, etype: str) -> Relation:
        """Returns all fresh events of the view."""
        return self.builder.fresh_events(self.builder.events(etype, self.new), self.new)

    def _of_pairs(self, query: str, rows: Relation, affected: Relation) -> Relation:
        reads = {"pair_rows": rows, "affected_pairs": affected}
        return self.builder.engine.run(query, reads)

    def _rows(self, etype: str) -> Relation:
        return self.builder.accepted[TableName(TableKind.EDGES, etype)]

    def _written(self, table: str) -> Relation:
        uri = self.before.checked.uri(f"view={View.SERVE}/{table}")
        names = {"region": shortened_regions(long_regions(self.before))}
        return self.builder.engine.read_parquet(uri, names)
