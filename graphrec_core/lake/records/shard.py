"""The figures of a shard."""

from graphrec_core.lake.records.decision import GateDecision, GateVerdict
from graphrec_core.lake.records.figures import Figures
from graphrec_core.lake.records.refit import RefitCheck


class ShardFigures(Figures):
    """What a region's candidate shard holds, and how its index was measured.

    Attributes:
        num_candidates: Vectors in the index.
        num_queries: Queries with a stored vector.
        factory: FAISS factory string.
        ann_recall: Recall against exact search, in [0, 1].
        recall_k: Depth of that recall.
        refit: Which weights made its vectors and why; None: the judged ones, since training
            refitted none.
        rules: The gate's decisions on the index.
        verdict: What they come to.
    """

    num_candidates: int
    num_queries: int
    factory: str
    ann_recall: float
    recall_k: int
    refit: RefitCheck | None = None
    rules: tuple[GateDecision, ...]
    verdict: GateVerdict | None = None
