"""Index, release, schedule and storage."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from graphrec_core.config.base import MAX_HOURS, Day, Section

Overridable = Annotated[
    str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z0-9_]+)*\.([a-z0-9_]+|\*)$")
]
"""A dotted key, or ``section.*`` for all keys of a section."""
MAX_ROOT = 400
"""Bytes of ``lake.root``: the longest key of a lake stays below the 1,024 that S3 has."""


class IndexConfig(Section):
    """The FAISS index of a shard."""

    factory: str = Field(
        "auto",
        description="FAISS factory string; auto: Flat up to 50,000 candidates, else HNSW32.",
    )
    ef_search: int = Field(128, gt=0, description="HNSW: breadth of a search.")
    nprobe: int = Field(16, gt=0, description="IVF: lists visited by a search.")
    recall_k: int = Field(20, gt=0, le=1000, description="Depth at which recall is measured.")
    num_recall_queries: int = Field(1000, gt=0, description="Queries in the recall check.")


class PublishConfig(Section):
    """Whether a release may go live."""

    mode: Literal["auto", "never", "force"] = Field(
        "auto",
        description="auto: the gate decides; never: release only; force: ignore the gate.",
    )
    forced_by: str = Field(
        "", description="Who forces; needed with force or a looser gate than here, recorded."
    )
    forced_why: str = Field("", description="Why; needed and recorded likewise.")

    @property
    def is_named(self) -> bool:
        """Whether it says who and why, in words."""
        texts = self.forced_by, self.forced_why
        return all(any(character.isalnum() for character in text) for text in texts)


class ScheduleConfig(Section):
    """When the daily run happens."""

    start: Day = Field(description="First day of the schedule (UTC).")
    end: Day | None = Field(None, description="Last day, for historical data.")
    retries: int = Field(2, ge=0, le=100, description="Retries of a task after a fault.")
    wait_timeout_hours: float = Field(
        12, gt=0, le=MAX_HOURS, description="How long the day waits for its source."
    )
    wait_poll_s: float = Field(
        60, gt=0, le=86_400, description="Seconds between two looks at the source."
    )
    overridable: tuple[Overridable, ...] = Field(
        ("training.*", "evaluation.k", "index.*", "snapshot.memory", "snapshot.threads"),
        description="What a triggered run may override: keys (section.key) or section.*; itself "
        "never overridden, nor is `pipeline`.",
    )

    @model_validator(mode="after")
    def _has_a_day(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError("schedule.end must not lie before schedule.start")
        return self


class LakeConfig(Section):
    """Where artefacts are stored."""

    root: str = Field("lake", min_length=1, description="Folder or fsspec URI of the lake.")

    @field_validator("root")
    @classmethod
    def _leaves_room_for_paths(cls, root: str) -> str:
        if len(root.encode()) > MAX_ROOT:
            raise ValueError(f"must not be longer than {MAX_ROOT} bytes")
        return root
