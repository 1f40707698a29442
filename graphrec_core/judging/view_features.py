"""What a ranker knows of the queries and candidates of one view, read from the snapshot."""

from datetime import datetime

import pyarrow as pa

from graphrec_core.axes.rows import task_pairs
from graphrec_core.config.task import TaskConfig
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.retrieval.node_features import (
    FEATURE_NODES,
    FEATURE_PAIRS,
    NodeFeatures,
    node_features,
)
from graphrec_core.types import Region, View


def read_node_features(
    snapshot: Artifact,
    view: View,
    region: Region,
    task: TaskConfig,
    axes: tuple[pa.Array, pa.Array],
    end: datetime,
) -> NodeFeatures:
    """Computes the columns along two axes from a view's pairs and candidate nodes.

    Args:
        snapshot: The day's snapshot.
        view: The view.
        region: The region.
        task: The task.
        axes: Ids of the queries and of the candidates.
        end: The view's instant.
    """
    edges = snapshot.read_table(edges_file(view, task.edge, region), FEATURE_PAIRS)
    nodes = snapshot.read_table(nodes_file(view, task.candidate, region), FEATURE_NODES)
    return node_features(task_pairs(edges, peers=task.recommends_peers), nodes, *axes, end)
