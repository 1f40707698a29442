"""Index, release, schedule and storage."""

from datetime import date
from typing import Literal

from pydantic import Field

from graphrec_core.config.base import Section


class IndexConfig(Section):
    """The FAISS index of a shard."""

    factory: str = Field(
        "auto",
        description="FAISS factory string; auto: Flat up to 50,000 candidates, else HNSW32.",
    )
    ef_search: int = Field(128, gt=0, description="HNSW: breadth of a search.")
    nprobe: int = Field(16, gt=0, description="IVF: lists visited by a search.")
    recall_k: int = Field(20, gt=0, description="Depth at which recall is measured.")
    num_recall_queries: int = Field(1000, gt=0, description="Queries in the recall check.")


class PublishConfig(Section):
    """Whether a release may go live."""

    mode: Literal["auto", "never", "force"] = Field(
        "auto",
        description="auto: the gate decides; never: release only; force: ignore the gate.",
    )
    forced_by: str = Field("", description="Who forces; needed with force, recorded.")
    forced_why: str = Field("", description="Why; needed with force, recorded.")


class ScheduleConfig(Section):
    """When the daily run happens."""

    start: date = Field(description="First day of the schedule (UTC).")
    end: date | None = Field(None, description="Last day, for historical data.")
    retries: int = Field(2, ge=0, description="Retries of a task after a fault.")
    wait_timeout_hours: float = Field(
        12, gt=0, description="How long the day waits for its source."
    )
    wait_poll_s: float = Field(60, gt=0, description="Seconds between two looks at the source.")


class LakeConfig(Section):
    """Where artefacts are stored."""

    root: str = Field("lake", description="Folder or fsspec URI of the lake.")
