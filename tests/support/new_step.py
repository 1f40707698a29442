"""The house with one step more: an entry in the table of steps and a file in ``jobs/``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from graphrec import jobs
from graphrec_core.config import STEPS, Grain, StepName
from graphrec_core.config.steps import StepInput, StepSpec

COUNT_HOMES: StepName = "count-homes"  # type: ignore[assignment]  # in the house it is a member
ENTRY = StepSpec(
    "Counts a region's home users.",
    1,
    ("quality.min_count",),
    Grain.REGION,
    (StepInput("snapshot", StepName.SNAPSHOT),),
    folder="home_counts/{region}/{id}",
)
JOBS = Path(__file__).parent / "new_jobs"


@contextmanager
def new_step(entry: StepSpec = ENTRY, before: StepName = StepName.SHARD) -> Iterator[None]:
    """Adds the step to the table, at its place in the day, and its file to ``jobs/``."""
    usual = dict(STEPS)
    STEPS.clear()
    for step, spec in usual.items():
        if step is before:
            STEPS[COUNT_HOMES] = entry
        STEPS[step] = spec
    try:
        with patch.object(jobs, "__path__", [*jobs.__path__, str(JOBS)]):
            yield
    finally:
        STEPS.clear()
        STEPS.update(usual)
