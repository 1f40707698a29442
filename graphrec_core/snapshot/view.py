"""One view: nodes with homes, edges by region, nodes by region. One function makes both views."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.snapshot.files import SnapshotFiles
from graphrec_core.snapshot.homes import home_regions, rename_regions, tiny_regions
from graphrec_core.snapshot.instants import Instants
from graphrec_core.sources.areas import Areas
from graphrec_core.sources.canonical import TableKind, TableName
from graphrec_core.types import View

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
    """

    engine: Engine
    config: PipelineConfig
    accepted: Mapping[TableName, Relation]
    areas: Areas | None
    files: SnapshotFiles

    def build(
        self, view: View, instants: Instants, merged: Mapping[str, str] | None = None
    ) -> Mapping[str, str]:
        """Computes and writes one view.

        Args:
            view: Which view it becomes.
            instants: Its bounds.
            merged: The tiny regions, where another view decided on them; None: decided here.

        Returns:
            Tiny region -> the region it became part of.
        """
        engine, config = self.engine, self.config
        nodes = {ntype: self.nodes(ntype, instants) for ntype in config.source.nodes}
        pairs = {
            etype: engine.keep("pairs", self.pairs(etype, self.events(etype, instants), instants))
            for etype in config.source.edges
        }
        homes = home_regions(engine, config, self.areas, nodes, pairs)
        if merged is None:
            merged = tiny_regions(engine, config, homes)
        homes = rename_regions(engine, homes, merged)
        for etype in config.source.edges:
            edges = self.edges_by_region(etype, pairs[etype], homes)
            self.files.write(f"view={view}/edges/{etype}", edges, ("src", "dst"))
            engine.drop(pairs[etype])
        self.write_nodes(view, instants, nodes, homes)
        return merged

    def events(self, etype: str, instants: Instants) -> Relation:
        """Returns the events of a window as they were known."""
        return self.events_of(self.accepted[TableName(TableKind.EDGES, etype)], instants)

    def events_of(self, rows: Relation, instants: Instants) -> Relation:
        """Returns the events of a window as they were known, of some accepted rows."""
        return self.engine.run(
            "events_as_of",
            {"event_rows": rows},
            window_start=instants.start,
            window_end=instants.end,
            known_before=instants.known_before,
        )

    def pairs(self, etype: str, events: Relation, instants: Instants) -> Relation:
        """Returns a view's events by pair; where so configured, stale ones are dropped."""
        time = self.config.time
        if time.freshness is not None:
            events = self.engine.run(
                "fresh_events",
                {"view_events": events, "freshness_steps": self._freshness_steps()},
                bucket_days=time.freshness.bucket_days,
                instant=instants.end,
            )
        return self.engine.run(
            "pairs",
            {"view_events": events},
            weight=self.config.source.edges[etype].weight,
            half_life_days=time.half_life_days,
            instant=instants.end,
        )

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

    def _freshness_steps(self) -> Relation:
        """Lists the hash below which an event of each age bucket stays: (1 - drop_frac)^bucket."""
        rule, window = self.config.time.freshness, self.config.time.window
        if rule is None:
            raise AssertionError("only called with a rule")
        buckets = range(window // timedelta(days=rule.bucket_days) + 1)
        bounds = [round((1 - rule.drop_frac) ** bucket * HASH_VALUES) for bucket in buckets]
        texts = [f"{bound:08x}" if bound < HASH_VALUES else "g" for bound in bounds]
        return self.engine.from_arrow(
            pa.table({"bucket": pa.array(buckets, pa.int32()), "keep_below": texts})
        )

    def _edge_ends(self, view: View, ntype: str) -> Relation:
        """Returns the ends of a node type in the written edges, by region and edge type."""
        ends = []
        for etype in self.config.source.edges:
            edges = self.files.relation(f"view={view}/edges/{etype}")
            for own, is_src in zip(self.config.endpoints(etype), (True, False), strict=True):
                if own == ntype:
                    reads = {"region_edges": edges}
                    ends.append(self.engine.run("edge_ends", reads, is_src=is_src))
        return self.engine.union(ends)
