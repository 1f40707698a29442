"""What decides whether a model may go live."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from graphrec_core.config.base import Section
from graphrec_core.config.recommenders import scorers

REFERENCES = ("popularity", "recent_popularity", "covisitation")
"""Scorers that are always measured beside a model."""


def _check_scorer(name: str) -> str:
    known = [entry.name for entry in scorers()]
    if name not in known:
        raise ValueError(f"{name!r} is no scorer; choose from {', '.join(known)}")
    return name


Baseline = Annotated[str, AfterValidator(_check_scorer)]


@dataclass(frozen=True)
class Looser:
    """Marks the direction in which a limit of the gate is looser.

    A setting of the gate without the mark is a yardstick: every other value counts as looser.
    """

    when: Literal["lower", "higher", "fewer"]


@dataclass(frozen=True)
class AppliedBy:
    """Marks the step that applies a setting of the gate; without the mark, evaluate-model does."""

    step: str


class GateConfig(Section):
    """The rules a region's candidate must pass to go live."""

    min_recall: Annotated[float, Looser("lower")] = Field(
        0.0, ge=0, le=1, description="Floor of recall@k; it fails when the interval is below."
    )
    min_mrr: Annotated[float, Looser("lower")] = Field(
        0.0, ge=0, le=1, description="Floor of MRR, likewise."
    )
    min_ann_recall: Annotated[float, Looser("lower"), AppliedBy("build-shard")] = Field(
        0.95, ge=0, le=1, description="Floor of the index's recall against exact search."
    )
    min_refit_overlap: Annotated[float, Looser("lower"), AppliedBy("generate-embeddings")] = Field(
        0.2,
        ge=0,
        le=1,
        description="Least overlap of the top 20 of refitted weights with those of the judged "
        "ones; below it the judged weights serve.",
    )
    baselines: Annotated[tuple[Baseline, ...], Looser("fewer")] = Field(
        REFERENCES, description="The model must not be worse than these scorers."
    )
    memory_days: int = Field(
        28,
        ge=0,
        description="Nor than the champion of this many days ago, or else the oldest one, so that "
        "small losses do not add up; 0: no such rule.",
    )
    tolerance_frac: Annotated[float, Looser("higher")] = Field(
        0.05, ge=0, description="How much worse than a reference still passes, as a share of it."
    )
    min_queries: int = Field(
        100, gt=0, description="With fewer, an interval across the bound leaves it undecided."
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="Level of the intervals.")
    undecided: Annotated[Literal["live", "keep", "popular"], AppliedBy("publish-release")] = Field(
        "keep",
        description="What serves a region that stays undecided: its candidate, what serves it "
        "already (the popular list where no model does), or the popular list.",
    )

    @property
    def measured(self) -> tuple[str, ...]:
        """Scorers that an evaluation measures: the usual ones and those that judge besides."""
        return tuple(dict.fromkeys((*REFERENCES, *self.baselines)))
