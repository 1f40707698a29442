"""What a snapshot holds of one region."""

from collections.abc import Mapping

from pydantic import Field

from graphrec_core.lake.records.figures import Record
from graphrec_core.lake.records.left_out import LeftOutPairs
from graphrec_core.types import View


class ViewFigures(Record):
    """One region's graph in one view; counts by node type or edge type.

    Attributes:
        num_nodes: All nodes.
        num_home_nodes: Nodes whose home is here, and members.
        num_halo_nodes: Foreign ends of edges that touch a home node.
        num_edges: All edges.
        num_halo_edges: Edges across the border.
        num_candidates: Candidates of the task.
        degree_histogram: Node type -> home nodes by degree: bin 0 has no event, bin b > 0 degrees
            in [2^(b-1), 2^b); empty: not counted by the version that wrote it.
    """

    num_nodes: Mapping[str, int]
    num_home_nodes: Mapping[str, int]
    num_halo_nodes: Mapping[str, int]
    num_edges: Mapping[str, int]
    num_halo_edges: Mapping[str, int]
    num_candidates: int
    degree_histogram: Mapping[str, tuple[int, ...]] = Field(default_factory=dict)


class HoldoutFigures(Record):
    """One region's holdout.

    Attributes:
        num_pairs: Pairs, those that are no targets included.
        num_queries: Query nodes with a pair.
        num_self: See ``LeftOutPairs``; None: not counted by the version that wrote it.
        num_seen: Likewise.
        num_missing_coverage: Likewise.
    """

    num_pairs: int
    num_queries: int
    num_self: int | None = None
    num_seen: int | None = None
    num_missing_coverage: int | None = None

    @property
    def left_out(self) -> LeftOutPairs:
        """The pairs that are no targets, by the first reason."""
        return LeftOutPairs(self.num_self, self.num_seen, self.num_missing_coverage)


class RegionFigures(Record):
    """One region of a snapshot.

    Attributes:
        train: Its graph in the train view.
        serve: Its graph in the serve view.
        holdout: Its holdout.
        fit: Its graph in the fit view; None: not built by the version that wrote it.
        fit_holdout: Its fit holdout; likewise.
    """

    train: ViewFigures
    serve: ViewFigures
    holdout: HoldoutFigures
    fit: ViewFigures | None = None
    fit_holdout: HoldoutFigures | None = None

    @property
    def views(self) -> dict[View, ViewFigures]:
        """The graphs by view."""
        found = {View.FIT: self.fit, View.TRAIN: self.train, View.SERVE: self.serve}
        return {view: figures for view, figures in found.items() if figures is not None}

    @property
    def holdouts(self) -> dict[View, HoldoutFigures]:
        """The holdouts by the view that they begin after."""
        found = {View.FIT: self.fit_holdout, View.TRAIN: self.holdout}
        return {view: figures for view, figures in found.items() if figures is not None}
