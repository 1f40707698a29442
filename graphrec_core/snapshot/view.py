"""One view: nodes with homes, edges by region, nodes by region. One function makes every view."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.config.time import FreshnessConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.intake.areas import Areas
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.lake.records import LeftOut
from graphrec_core.snapshot.edge_features import with_features
from graphrec_core.snapshot.files import SnapshotFiles
from graphrec_core.snapshot.homes import home_regions, rename_regions, tiny_regions
from graphrec_core.snapshot.instants import Instants
from graphrec_core.snapshot.left_out import count_left_out, may_leave_out
from graphrec_core.types import Region, View

NO_TIME = "cast(null as timestamp)"
HASH_VALUES = 16**8
"""Values that the eight hexadecimal digits of an event's hash can have."""


@dataclass(frozen=True)
class ViewBuilder:
    """Builds views from the accepted rows.

    Attributes:
        engine: A running engine.
        config: The pipeline.
        accepted: Table -> its accepted rows.
        areas: The areas of types with the rule ``coordinates``, if there are such types.
        files: Where the views are written.
        known_before: The run's cutoff: all accepted rows were known before it.
    """

    engine: Engine
    config: PipelineConfig
    accepted: Mapping[TableName, Relation]
    areas: Areas | None
    files: SnapshotFiles
    known_before: datetime

    def build(
        self, view: View, instants: Instants, merged: Mapping[Region, Region] | None = None
    ) -> tuple[Mapping[Region, Region], LeftOut]:
        """Computes and writes one view.

        Args:
            view: Which view it becomes.
            instants: Its bounds.
            merged: The tiny regions as the train view decided on them; None: decided here.

        Returns:
            Tiny region -> the region it became part of; and what is in no region.
        """
        engine, config = self.engine, self.config
        nodes = {ntype: self.nodes(ntype, instants) for ntype in config.source.nodes}
        events = {
            etype: self.fresh_events(self.events(etype, instants), instants)
            for etype in config.source.edges
        }
        has_followers = "from_events" in config.region.home.values()
        pairs = {
            etype: engine.keep(
                "pairs",
                self.pairs(etype, relation, instants),
                is_read_once=not has_followers and not may_leave_out(config, etype),
            )
            for etype, relation in events.items()
        }
        homes = home_regions(engine, config, self.areas, nodes, pairs)
        merged = self._tiny(homes, merged)
        homes = rename_regions(engine, homes, merged)
        left_out = count_left_out(engine, config, view, homes, pairs)
        for etype in config.source.edges:
            edges = self.edges_by_region(etype, pairs[etype], homes)
            self.files.write(f"view={view}/edges/{etype}", edges, ("src", "dst"))
            engine.drop(pairs[etype])
        self.write_nodes(view, instants, nodes, homes)
        return merged, left_out

    def _tiny(
        self, homes: Mapping[str, Relation], merged: Mapping[Region, Region] | None
    ) -> Mapping[Region, Region]:
        """Finds the tiny regions; of those that the train view has, it decides.

        A region tiny in one view only would have a model and no graph, or the reverse.
        """
        tiny = tiny_regions(self.engine, self.config, homes)
        if merged is None:
            return tiny
        decided = self.files.view_regions(View.TRAIN)
        return {**{old: new for old, new in tiny.items() if old not in decided}, **merged}

    def events(self, etype: str, instants: Instants) -> Relation:
        """Returns the events of a window as they were known."""
        rows = self.accepted[TableName(TableKind.EDGES, etype)]
        if instants.known_before < self.known_before:
            rows = self.engine.run(
                "rows_of_known_nodes",
                {"event_rows": rows, **self.late_ends(etype, instants.known_before)},
            )
        return self.events_of(rows, instants)

    def events_of(self, rows: Relation, instants: Instants) -> Relation:
        """Returns the events of a window as they were known, of some accepted rows."""
        return self.engine.run(
            "events_as_of",
            {"event_rows": rows},
            window_start=instants.start,
            window_end=instants.end,
            known_before=instants.known_before,
        )

    def fresh_events(self, events: Relation, instants: Instants) -> Relation:
        """Drops the stale ones of a view's events, where so configured."""
        freshness = self.config.time.freshness
        if freshness is None:
            return events
        return self.engine.run(
            "fresh_events",
            {"view_events": events, "freshness_steps": self._freshness_steps(freshness)},
            bucket_days=freshness.bucket_days,
            instant=instants.end,
        )

    def pairs(self, etype: str, events: Relation, instants: Instants) -> Relation:
        """Returns a view's fresh events by pair."""
        edges = self.config.source.edges[etype]
        pairs = self.engine.run(
            "pairs",
            {"view_events": events},
            weight=edges.weight,
            half_life_days=self.config.time.half_life_days,
            instant=instants.end,
        )
        return with_features(self.engine, pairs, events, edges.features)

    def edges_by_region(
        self, etype: str, pairs: Relation, homes: Mapping[str, Relation]
    ) -> Relation:
        """Places pairs in the regions of their ends."""
        src, dst = self.config.endpoints(etype)
        return self.engine.run(
            "edges_by_region",
            {"pairs": pairs, "src_homes": homes[src], "dst_homes": homes[dst]},
            drop_border=self.config.region.border == "drop",
        )

    def write_nodes(
        self,
        view: View,
        instants: Instants,
        nodes: Mapping[str, Relation],
        homes: Mapping[str, Relation],
    ) -> None:
        """Writes a view's nodes by region, after its edges: halo nodes are ends of those."""
        for ntype in self.config.source.nodes:
            ends = self.engine.keep("edge ends", self._edge_ends(view, ntype))
            by_region = self.engine.run(
                "nodes_by_region",
                {
                    "view_nodes": nodes[ntype],
                    "homes": homes[ntype],
                    "edge_ends": ends,
                    "node_activity": self.engine.run("node_activity", {"edge_ends": ends}),
                },
                is_everywhere=self.config.region.home[ntype] == "everywhere",
                is_candidate=ntype == self.config.task.candidate,
                active_from=instants.active_from,
            )
            self.files.write(f"view={view}/nodes/{ntype}", by_region, ("node_id",))

    def nodes_as_of(self, ntype: str, instants: Instants) -> Relation:
        """Returns the nodes of an instant without timed features."""
        return self.engine.run(
            "nodes_as_of",
            {"node_versions": self.accepted[TableName(TableKind.NODES, ntype)]},
            instant=instants.end,
            known_before=instants.known_before,
        )

    def late_ends(self, etype: str, known_before: datetime) -> dict[str, Relation]:
        """Returns late_src and late_dst: the nodes at each end not known before a cutoff."""
        ntypes = self.config.endpoints(etype)
        late = {
            ntype: self.engine.keep(
                "late nodes",
                self.engine.run(
                    "late_nodes",
                    {"node_versions": self.accepted[TableName(TableKind.NODES, ntype)]},
                    known_before=known_before,
                ),
            )
            for ntype in sorted(set(ntypes))
        }
        return {
            f"late_{end}": late[ntype] for end, ntype in zip(("src", "dst"), ntypes, strict=True)
        }

    def nodes(self, ntype: str, instants: Instants) -> Relation:
        """Returns the nodes of an instant with their features as they were known, kept."""
        bounds = {"instant": instants.end, "known_before": instants.known_before}
        nodes = self.nodes_as_of(ntype, instants)
        timed = self.accepted.get(TableName(TableKind.FEATURES, ntype))
        if timed is None:
            nodes = self.engine.project(
                nodes, f"*, {NO_TIME} as features_effective_at, {NO_TIME} as features_known_at"
            )
        else:
            features = self.engine.run("features_as_of", {"feature_rows": timed}, **bounds)
            reads = {"view_nodes": nodes, "view_features": features}
            nodes = self.engine.run("nodes_with_features", reads)
        return self.engine.keep(f"nodes/{ntype}", nodes)

    def _freshness_steps(self, rule: FreshnessConfig) -> Relation:
        """Lists the hash below which an event of each age bucket stays: (1 - drop_frac)^bucket."""
        buckets = range(self.config.time.window // timedelta(days=rule.bucket_days) + 1)
        bounds = [round((1 - rule.drop_frac) ** bucket * HASH_VALUES) for bucket in buckets]
        texts = [f"{bound:08x}" if bound < HASH_VALUES else "g" for bound in bounds]
        return self.engine.from_arrow(
            pa.table({"bucket": pa.array(buckets, pa.int32()), "keep_below": texts})
        )

    def _edge_ends(self, view: View, ntype: str) -> Relation:
        """Returns the ends of a node type in the written edges, by region and edge type."""
        ends = [
            self.engine.run("edge_ends", {"region_edges": edges}, is_src=is_src)
            for edges, is_src in self._written_ends(view, ntype)
        ]
        return self.engine.union(ends)

    def _written_ends(self, view: View, ntype: str) -> Iterator[tuple[Relation, bool]]:
        """Yields the written edges at an end of which a node type is, and whether that is src."""
        for etype in self.config.source.edges:
            edges = self.files.relation(f"view={view}/edges/{etype}")
            for own, is_src in zip(self.config.endpoints(etype), (True, False), strict=True):
                if own == ntype:
                    yield edges, is_src
