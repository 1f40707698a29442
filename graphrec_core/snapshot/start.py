"""Start nodes: one query node per region that stands for all who have no history yet.

It is linked to what the region's query nodes began with. Its edges are computed anew for every
view, since one new event may change whose first one it is. It has an edge, a vector and a home
like any other query node, but no activity: nobody is counted, judged or recommended because of it.
"""

from collections.abc import Mapping
from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.engine.queries import quoted
from graphrec_core.types import START_PREFIX

IS_START_NODE = f"startswith(node_id, '{START_PREFIX}')"
IS_START_EDGE = f"startswith(src, '{START_PREFIX}')"


def start_events(
    engine: Engine, config: PipelineConfig, events: Relation, homes: Mapping[str, Relation]
) -> Relation:
    """Returns the events of the start nodes, kept: the first event of each query node.

    Args:
        engine: A running engine.
        config: The pipeline.
        events: The view's events of the task's edge type.
        homes: Node type -> (node_id, home_region) of every node of the view.
    """
    task = config.task
    reads = {
        "view_events": events,
        "src_homes": homes[task.query],
        "dst_homes": homes[task.candidate],
    }
    return engine.keep("start events", engine.run("start_events", reads, prefix=START_PREFIX))


def with_start_nodes(
    engine: Engine, nodes: Relation, starts: Relation, valid_from: datetime
) -> Relation:
    """Adds the start nodes to the view's query nodes; all of their features are null.

    Args:
        engine: A running engine.
        nodes: The query nodes.
        starts: The start nodes' events.
        valid_from: An instant from which they exist and are known.
    """
    values = {"node_id": "src", "valid_from": ":valid_from", "known_at": ":valid_from"}
    columns = ", ".join(
        f"cast({values.get(name, 'null')} as {kind}) as {quoted(name)}"
        for name, kind in engine.schema(nodes).items()
    )
    text = f"select {columns} from (select distinct src from starts)"
    own = engine.query(text, {"starts": starts}, valid_from=valid_from)
    return engine.keep("nodes", engine.union([nodes, own]))


def with_start_homes(engine: Engine, homes: Relation, starts: Relation) -> Relation:
    """Adds the start nodes to the homes of the query nodes."""
    own = engine.project(starts, "distinct src as node_id, region as home_region")
    return engine.keep("homes", engine.union([homes, own]))
