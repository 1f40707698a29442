"""Graphs that the tests of training share."""

import pyarrow as pa
import torch

from graphrec_core.config.task import TaskConfig
from graphrec_core.graph import EdgeList, RegionGraph
from graphrec_core.training.pairs import TaskPairs
from graphrec_core.types import Region

TASK = TaskConfig(query="user", candidate="place", edge="visited")
FRIENDS_TASK = TaskConfig(query="user", candidate="user", edge="follows")


def keys(graph: RegionGraph, pairs: TaskPairs) -> set[int]:
    """Names each pair by one number."""
    return set((pairs.query * graph.num_nodes + pairs.candidate).tolist())


def friends_graph() -> RegionGraph:
    """Five users who are candidates; the newest pairs are those of a user with itself."""
    ids = pa.table({"node_id": [f"u{number}" for number in range(5)]})
    src = torch.tensor([0, 0, 1, 2, 3, 3, 4, 0, 1, 2])
    dst = torch.tensor([1, 2, 2, 3, 4, 0, 0, 0, 1, 2])
    everybody = torch.arange(5)
    weight = torch.ones(len(src), dtype=torch.float64)
    return RegionGraph(
        region=Region("east"),
        query="user",
        candidate="user",
        task_edge="follows",
        nodes={"user": ids},
        offsets={"user": 0},
        edges={"follows": EdgeList(src, dst, weight)},
        members={Region("east"): {"user": everybody}},
        candidates={Region("east"): everybody},
        query_regions=torch.zeros(5, dtype=torch.int64),
    )
