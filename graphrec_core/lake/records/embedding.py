"""The figures of an embedding."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from graphrec_core.config.steps import StepName
from graphrec_core.lake.records.figures import Figures
from graphrec_core.lake.records.origin import VectorOrigin
from graphrec_core.lake.records.refit import RefitCheck
from graphrec_core.types import Region

UNKNOWN = VectorOrigin.of({})
"""Of vectors that do not say it."""


class EmbeddingFigures(Figures):
    """Which nodes of one view have vectors, and by which weights; or what a scorer lists.

    Attributes:
        num_nodes: Node type -> embedded nodes, each counted once.
        num_without_trained_row: Node type -> those that the model's training did not know.
        num_listed: Rows of a scorer's lists.
        origin: What the vectors or the lists say they were computed from.
        refit: Region -> which weights made its vectors; empty where there are none but the judged.
    """

    step: ClassVar[StepName] = StepName.EMBED
    unstored_defaults: ClassVar[frozenset[str]] = frozenset({"num_listed"})

    num_nodes: dict[str, int]
    num_without_trained_row: dict[str, int] = Field(default_factory=dict)
    num_listed: int = 0
    origin: VectorOrigin = UNKNOWN
    refit: dict[Region, RefitCheck] = Field(default_factory=dict)

    @field_validator("origin", mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:  # noqa: ANN401  (whatever is validated)
        """What is missing is unknown, which no reader takes for what it wants."""
        return {**UNKNOWN.to_json(), **value} if isinstance(value, Mapping) else value
