"""run-day: all tasks of a day in this process, in the order that the DAG follows too."""

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from graphrec.jobs.perform import perform
from graphrec.jobs.program import exit_code_of
from graphrec.jobs.progress import Lines
from graphrec_core.config import (
    STEPS,
    PipelineConfig,
    StepName,
    Task,
    flow_of,
    regions_of_day,
)
from graphrec_core.day import Day
from graphrec_core.engine.sessions import one_session
from graphrec_core.lake.meter import process_meter
from graphrec_core.types import Region, format_instant

T = TypeVar("T")
CHOOSE = "choose-regions"


@dataclass(frozen=True)
class DayOutcome:
    """How a day's run ended.

    Attributes:
        as_of: The day's instant.
        codes: Exit code by task, with its region: 0 done, 1 fault, 2 configuration, 3 refused.
        skipped: Tasks that did not run, since what they need failed.
        regions: The regions that the day went on with.
        report: The report's URI; empty where it could not be written.
        seconds: How long it took.
    """

    as_of: datetime
    codes: Mapping[str, int]
    skipped: tuple[str, ...]
    regions: tuple[str, ...]
    report: str
    seconds: float

    @property
    def failed(self) -> dict[str, int]:
        """The tasks that failed, each with its exit code."""
        return {title: code for title, code in self.codes.items() if code}

    @property
    def exit_code(self) -> int:
        """0, or the gravest of the tasks': a fault, then the configuration, then a refusal."""
        return min(self.failed.values(), default=0)

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        return {
            "as_of": format_instant(self.as_of),
            "exit_code": self.exit_code,
            "failed": self.failed,
            "skipped": list(self.skipped),
            "regions": list(self.regions),
            "num_tasks": len(self.codes),
            "report": self.report,
            "seconds": round(self.seconds, 1),
        }


def run(
    config: PipelineConfig,
    as_of: datetime,
    progress: Lines,
    regions: Iterable[str] = (),
    timeout_s: float = 0,
) -> DayOutcome:
    """Runs a day; what a task needs is the same as in the DAG, and so is what each leaves.

    A region that fails is left, the others go on; the report is written in any case.

    Args:
        config: The pipeline.
        as_of: The day's instant.
        progress: Told what runs and how it ended.
        regions: Only these; empty: all of the snapshot.
        timeout_s: Seconds to wait for the source; 0: one look.
    """
    return _Run(config, as_of, progress, tuple(regions), timeout_s).whole()


class _Run:
    """One run of one day."""

    def __init__(
        self,
        config: PipelineConfig,
        as_of: datetime,
        progress: Lines,
        wanted: tuple[str, ...],
        timeout_s: float,
    ) -> None:
        self.config, self.as_of, self.progress = config, as_of, progress
        self.flow, self.wanted = flow_of(config.recommender), wanted
        self.options: dict[StepName, dict[str, Any]] = {
            StepName.WAIT: {"timeout_s": timeout_s},
            StepName.PUBLISH: {"regions": tuple(map(Region, wanted))},
        }
        self.codes: dict[str, int] = {}
        self.skipped: list[str] = []
        self.results: dict[StepName, dict[str, Any]] = {}

    def whole(self) -> DayOutcome:
        started_s = time.monotonic()
        self._plan(max(1, len(self.wanted)))
        with one_session():
            early = self._follow(self.flow.early, [True])
        regions = self._regions() if all(early) else []
        self._plan(len(regions))
        ends, ended = [bool(regions)], dict.fromkeys(regions, True)
        for stage in self.flow.stages:
            shared = ends = self._follow(stage.shared, ends)
            if stage.per_region:
                for region in regions:
                    before = [*shared, ended[region]]  # a region that failed is left
                    (ended[region],) = self._follow(stage.per_region, before, region)
                ends = list(ended.values())
        self._follow(self.flow.late, ends)
        return DayOutcome(
            self.as_of,
            self.codes,
            tuple(self.skipped),
            tuple(regions),
            self.results.get(StepName.REPORT, {}).get("report", ""),
            time.monotonic() - started_s,
        )

    def _plan(self, num_regions: int) -> None:
        flow = self.flow
        shared = sum(len(stage.shared) for stage in flow.stages)
        per_region = sum(len(stage.per_region) for stage in flow.stages)
        num_once = len(flow.early) + 1 + shared + len(flow.late)  # 1: choosing regions
        self.progress.plan(num_once + num_regions * per_region)

    def _follow(self, tasks: Iterable[Task], before: list[bool], region: str = "") -> list[bool]:
        """Does tasks one after the other; returns whether the last one ended well.

        Args:
            tasks: The tasks.
            before: Which of the tasks just before them ended well.
            region: The region that they work on; empty: they are not of one.
        """
        if region:
            gc.collect()  # reference cycles would hold the tensors of the region before
        for task in tasks:
            title = f"{task.name} [{region}]" if region else task.name
            if STEPS[task.step].needs.are_met(before):
                before = [self._do(task, title, region)]
            else:
                self.skipped.append(title)
                self.progress.end(title, "skipped")
                before = [False]
        return before

    def _do(self, task: Task, title: str, region: str) -> bool:
        # A day each: an accepted change of history gives the later tasks another snapshot.
        day, options = Day(self.config, self.as_of), self.options.get(task.step, {})
        process_meter().restart()
        result = self._try(title, lambda: perform(task, day, region, **options))
        self.results[task.step] = result or {}
        return result is not None

    def _regions(self) -> list[str]:
        snapshot = self.results[StepName.SNAPSHOT]
        return self._try(CHOOSE, lambda: regions_of_day(snapshot, self.wanted)) or []

    def _try(self, title: str, work: Callable[[], T]) -> T | None:
        """Does one piece of work; a failure is told and noted, and is not raised."""
        self.progress.begin(title)
        started_s, result = time.monotonic(), None
        try:
            result = work()
            self.codes[title] = 0
        except Exception as error:
            self.codes[title] = exit_code_of(error)
        code, seconds = self.codes[title], time.monotonic() - started_s
        how = f"exit code {code}" if code else "done"
        self.progress.end(title, f"{how} in {seconds:.1f} s")
        return result
