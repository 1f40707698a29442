"""What a ranker knows of the queries and candidates of one view, read from the snapshot."""

from datetime import datetime

import pyarrow as pa

from graphrec_core.axes.rows import task_pairs
from graphrec_core.config.task import TaskConfig
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.retrieval.node_features import (
    FEATURE_NODES,
    FEATURE_PAIRS,
    NodeFeatures,
    node_features,
)
from graphrec_core.retrieval.relations import LINK_PAIRS, NO_PAIRS, Links, turned
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
    attributes = snapshot.manifest.figures(SnapshotFigures).features.features[task.candidate]
    columns = list(dict.fromkeys([*FEATURE_NODES, *attributes]))
    nodes = snapshot.read_table(nodes_file(view, task.candidate, region), columns)
    return node_features(
        task_pairs(edges, peers=task.recommends_peers),
        nodes,
        *axes,
        end,
        attributes,
        _links(snapshot, view, region, task),
    )


def _links(snapshot: Artifact, view: View, region: Region, task: TaskConfig) -> Links:
    """Reads the edges that are not the task's, by what they join."""
    joined: dict[tuple[str, str], list[pa.Table]] = {}
    for etype, edge in sorted(snapshot.manifest.config["source.edges"].items()):
        file = edges_file(view, etype, region)
        if etype == task.edge or not snapshot.has(file):
            continue
        ends = edge["src"] or task.query, edge["dst"] or task.candidate
        rows = snapshot.read_table(file, LINK_PAIRS)
        joined.setdefault(ends, []).append(rows)
    out, back = (task.query, task.candidate), (task.candidate, task.query)
    peers = task.recommends_peers
    others = [*joined.get(out, []), *([] if peers else map(turned, joined.get(back, [])))]
    between = joined.get((task.query, task.query), [])
    return Links(
        peers,
        pa.concat_tables([NO_PAIRS, *others], promote_options="default"),
        pa.concat_tables([NO_PAIRS, *between], promote_options="default"),
    )
