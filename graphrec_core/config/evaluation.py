"""How a model is measured on the holdout."""

from pydantic import Field

from graphrec_core.config.base import Section


class EvaluationConfig(Section):
    """What is measured on the holdout."""

    k: int = Field(20, gt=0, description="Cut-off of recall, NDCG and hit rate.")
    depth: int = Field(
        100, gt=0, le=1000, description="Ranks stored per query; MRR looks this deep."
    )
    block_size: int = Field(512, gt=0, le=1_000_000, description="Queries scored at a time.")
    cold_start_max_degree: int = Field(
        3, ge=0, description="Queries with at most this many candidates seen are cold."
    )
    low_degree_max: int = Field(
        10, ge=0, description="Queries with at most this many candidates seen have a low degree."
    )
    recent_days: int = Field(
        28,
        gt=0,
        description="Recent popularity counts this many days before a view's instant; the list "
        "that fills up and falls back is ranked by it.",
    )
