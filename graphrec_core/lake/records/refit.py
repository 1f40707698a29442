"""Which weights serve a region, as embeddings and shards say it."""

from typing import Literal

from graphrec_core.lake.records.figures import Record


class RefitCheck(Record):
    """What serves a region, and why.

    Attributes:
        served: The weights that made the region's vectors.
        overlap: Share of the judged weights' top 20 that the refitted ones have in theirs, mean
            over queries, in [0, 1]; None where there was nothing to compare.
        num_queries: Queries compared.
        why: Why the judged weights serve; empty where the refitted ones do.
    """

    served: Literal["refitted", "judged"]
    overlap: float | None
    num_queries: int
    why: str = ""
