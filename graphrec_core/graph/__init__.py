"""The in-memory graph of a region: Arrow in, torch out.

``graphrec_core.graph.sampling`` is imported by its own name, because it loads DGL.
"""

from graphrec_core.graph.features import FeatureEncoder
from graphrec_core.graph.loading import load_graph
from graphrec_core.graph.messages import MessageGraph
from graphrec_core.graph.region_graph import EdgeList, RegionGraph
from graphrec_core.graph.typed_messages import Messages, Relation

__all__ = [
    "EdgeList",
    "FeatureEncoder",
    "MessageGraph",
    "Messages",
    "RegionGraph",
    "Relation",
    "load_graph",
]
