"""The figures of a snapshot, and the schema of its graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict, Field, RootModel

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.digest import TableDigest
from graphrec_core.lake.records.figures import Figures
from graphrec_core.lake.records.region import RegionFigures
from graphrec_core.types import Region, View


class GraphSchema(RootModel[dict[str, tuple[str, ...]]]):
    """Which node types a snapshot has, and their feature columns."""

    model_config = ConfigDict(frozen=True)

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Node type -> feature columns of its files."""
        return self.root

    @property
    def ntypes(self) -> list[str]:
        """The node types, sorted."""
        return sorted(self.root)


@dataclass(frozen=True)
class LeftOut:
    """What of one view stands in no region's graph.

    Attributes:
        num_nodes: Node type -> its nodes in the view, homeless ones too.
        num_homeless_nodes: Node type that has homes -> its nodes without one.
        num_homeless_edges: Edge type -> edges of which neither end has a home.
        num_dropped_edges: Edge type -> region -> edges across its border that ``border: drop``
            leaves out; an edge counts at both of its regions.
    """

    num_nodes: Mapping[str, int]
    num_homeless_nodes: Mapping[str, int]
    num_homeless_edges: Mapping[str, int]
    num_dropped_edges: Mapping[str, Mapping[str, int]]


class SnapshotFigures(Figures):
    """What a snapshot holds, and what it was made of.

    Attributes:
        regions: The regions that go on -> their counts.
        empty_regions: Region -> why it is skipped.
        merged_regions: Tiny region -> the region it became part of.
        long_regions: Regions whose folder does not hold their whole name; stored where there are.
        num_known_nodes: Node type -> nodes of which anything was known.
        left_out: View -> what of it is in no region.
        num_no_history: Holdout queries that had no home at the cut: counted, not judged. None: not
            counted by the version that wrote it.
        features: Node types and their feature columns.
        edge_features: Edge type -> feature columns of its files, float64; those that have any.
        digest_engine: The engine that made the digests; only its own can be compared with them.
        row_digests: Table -> digest of its rows.
        tables_without_known_at: Tables that may take in late rows when a day is built again.
    """

    step: ClassVar[StepName] = StepName.SNAPSHOT
    unstored_defaults: ClassVar[frozenset[str]] = frozenset({"long_regions", "edge_features"})

    regions: dict[Region, RegionFigures]
    empty_regions: dict[Region, str] = Field(default_factory=dict)
    merged_regions: dict[Region, Region] = Field(default_factory=dict)
    long_regions: tuple[Region, ...] = ()
    num_known_nodes: dict[str, int] = Field(default_factory=dict)
    left_out: dict[View, LeftOut] = Field(default_factory=dict)
    num_no_history: int | None = None
    features: GraphSchema = GraphSchema({})
    edge_features: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    digest_engine: str = ""
    row_digests: dict[str, TableDigest] = Field(default_factory=dict)
    tables_without_known_at: tuple[str, ...] = ()
