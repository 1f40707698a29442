"""The shape of a pipeline's DAG: the tasks of the table of steps, in its order.

    resolve-as-of > wait-for-source > validate-source > build-snapshot > choose-regions
      > region.{train-model > generate-embeddings-train > evaluate-model
                > generate-embeddings-serve > build-shard}   (mapped: once per region)
      > publish-release > write-report > day-ended

What is global is trained and embedded once, before the mapped group; there, those steps stand that
a source of the region has. A ranker that is fitted waits for the models of all regions:

      > region_first.{train-model} > fit-ranker > region.{generate-embeddings-train > ...}
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import (
    DAG,
    BaseOperator,
    CronDataIntervalTimetable,
    TriggerRule,
    XComArg,
    chain,
    get_current_context,
    task,
    task_group,
)

from graphrec.dags.run_params import (
    rendered_overrides,
    rendered_publishing,
    rendered_rebuild,
    rendered_regions,
    run_params,
)
from graphrec.dags.run_tasks import CHOOSE, END, RESOLVE, choose_regions, end_of_day, resolve
from graphrec.dags.step_operator import StepOperator
from graphrec.dags.wait_operator import WaitOperator
from graphrec_core.config import (
    STEPS,
    Flow,
    Needs,
    PipelineConfig,
    StepName,
    Task,
    flow_of,
    shape_of,
)

AS_OF = f"{{{{ ti.xcom_pull(task_ids='{RESOLVE}') }}}}"
RETRY_DELAY = timedelta(seconds=30)
SETTINGS: Mapping[StepName, Mapping[str, Any]] = {
    StepName.SNAPSHOT: {"extra_args": rendered_rebuild},
    StepName.PUBLISH: {"regions": rendered_regions},
}
"""What a step's task has beside that of every step."""
RULES: Mapping[Needs, TriggerRule] = {
    Needs.ALL: TriggerRule.ALL_SUCCESS,
    Needs.ONE: TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
    Needs.NOTHING: TriggerRule.ALL_DONE,
}


def midnight(day: date | None) -> datetime | None:
    """Returns the start of a day, UTC."""
    return datetime.combine(day, time(), UTC) if day else None


class Pipeline:
    """Makes the DAG of one pipeline.

    Args:
        config_path: Its YAML.
        config: What the YAML says; the scopes of its sources decide the DAG's shape.
        module: The program whose commands are the steps.
    """

    def __init__(
        self, config_path: Path, config: PipelineConfig, module: str = "graphrec.jobs.cli"
    ) -> None:
        self.path, self.config, self.module = str(config_path.resolve()), config, module

    def dag(self) -> DAG:
        """Returns the DAG."""
        schedule = self.config.schedule
        with DAG(
            dag_id=self.config.pipeline,
            description=f"The daily run of the pipeline {self.config.pipeline}.",
            schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
            start_date=midnight(schedule.start),
            end_date=midnight(schedule.end),
            catchup=False,
            max_active_runs=1,
            params=run_params(self.config),
            default_args={"retries": schedule.retries, "retry_delay": RETRY_DELAY},
            tags=["graphrec"],
            doc_md=__doc__,
        ) as dag:
            self._fill()
        return dag

    def _fill(self) -> None:
        flow = flow_of(self.config.recommender)
        before = [self._operator(one) for one in flow.early]
        regions = self._choose(before[flow.early.index(Task(StepName.SNAPSHOT))])
        chain(
            self._resolve(),
            *before,
            regions,
            *self._staged(flow, regions),
            *(self._operator(one) for one in flow.late),
            self._end(),
        )

    def _staged(self, flow: Flow, regions: XComArg) -> Iterator[Any]:
        """Makes the tasks of each stage; the last one's mapped group is ``region``."""
        for number, stage in enumerate(flow.stages, start=1):
            yield from map(self._operator, stage.shared)
            if stage.per_region:
                group = "region" if number == len(flow.stages) else "region_first"
                yield self._per_region(group, stage.per_region).expand(region=regions)

    def _resolve(self) -> XComArg:
        path, shape = self.path, shape_of(self.config.recommender)

        @task(task_id=RESOLVE, retries=0)
        def resolve_as_of() -> str:
            return resolve(path, shape, get_current_context())

        return resolve_as_of()

    def _choose(self, snapshot: BaseOperator) -> XComArg:
        @task(task_id=CHOOSE, retries=0)
        def choose(snapshot: Any) -> list[str]:  # noqa: ANN401  (an XCom when the DAG is parsed)
            return choose_regions(snapshot, get_current_context()["params"]["regions"])

        return choose(snapshot.output)

    def _per_region(self, group: str, tasks: Sequence[Task]) -> Any:  # noqa: ANN401  (Airflow hides the type)
        @task_group(group_id=group)
        def per_region(region: str) -> None:
            mapped = {"regions": [region], "map_index_template": "{{ region_name }}"}
            chain(*(self._operator(one, **mapped) for one in tasks))

        return per_region

    def _end(self) -> XComArg:
        @task(task_id=END, retries=0, trigger_rule=TriggerRule.ALL_DONE)
        def day_ended() -> None:
            end_of_day(get_current_context())

        return day_ended()

    def _operator(self, one: Task, **settings: Any) -> BaseOperator:  # noqa: ANN401
        """Makes the Airflow task of a task of the day."""
        common = {**self._common(one), **SETTINGS.get(one.step, {}), **settings}
        if one.step is StepName.WAIT:
            schedule = self.config.schedule
            waiting: dict[str, Any] = {
                "poll_s": schedule.wait_poll_s,
                "timeout_hours": schedule.wait_timeout_hours,
            }
            return WaitOperator(**common, **waiting)
        if one.view is not None:
            common["extra_args"] = ("--view", str(one.view))
        return StepOperator(**common)

    def _common(self, one: Task) -> dict[str, Any]:
        return {
            "task_id": one.name,
            "step": str(one.step),
            "config_path": self.path,
            "as_of": AS_OF,
            "overrides": rendered_overrides,
            "publishing": rendered_publishing,
            "module": self.module,
            "trigger_rule": RULES[STEPS[one.step].needs],
        }
