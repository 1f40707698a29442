"""What a built snapshot must look like beside those of the last days."""

from typing import Annotated, Literal

from pydantic import Field

from graphrec_core.config.base import Section
from graphrec_core.config.source import Name

Share = Annotated[float, Field(ge=0, le=1)]


class QualityConfig(Section):
    """Limits of the suites over a snapshot; a region outside them is broken."""

    history_days: int = Field(
        7,
        ge=0,
        le=365,
        description="Days before as_of whose snapshots are compared with; 0: none.",
    )
    min_history: int = Field(
        3, ge=1, description="With fewer of them a region's history is not judged."
    )
    min_count: int = Field(
        100, ge=1, description="Smaller counts are not judged: chance alone changes them much."
    )
    max_count_change_frac: float = Field(
        0.5,
        gt=0,
        description="How far a count may lie below the least or above the most of the last days.",
    )
    max_degree_drift: float = Field(
        0.25, gt=0, description="Population stability index of nodes' degrees; 0.25 is large."
    )
    max_feature_drift: float = Field(
        0.5,
        gt=0,
        description="Population stability index of encoded features from the train view to the "
        "serve view, where the model reads features.",
    )
    max_halo_frac: Share | dict[Name, Share] = Field(
        0.9,
        description="Share of a region's edges that cross its border: of task.edge, or edge type "
        "-> share. Types that are left out have no limit.",
    )
    on_broken_region: Literal["skip", "stop"] = Field(
        "skip", description="skip: the other regions go on, it keeps its shard; stop: none does."
    )
