"""The shape of a pipeline's DAG.

    resolve-as-of > wait-for-source > validate-source > build-snapshot > choose-regions
      > region.{train-model > generate-embeddings-train > evaluate-model
                > generate-embeddings-serve > build-shard}   (mapped: once per region)
      > publish-release > write-report > day-ended

With a global model the training and both embeddings come once, before the mapped group.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import (
    DAG,
    CronDataIntervalTimetable,
    TriggerRule,
    XComArg,
    chain,
    get_current_context,
    task,
    task_group,
)

from dags.run_params import (
    rendered_overrides,
    rendered_publishing,
    rendered_rebuild,
    rendered_regions,
    run_params,
)
from dags.run_tasks import CHOOSE, END, RESOLVE, choose_regions, end_of_day, resolve
from dags.step_operator import StepOperator
from dags.wait_operator import WaitOperator
from graphrec_core.config import PipelineConfig, StepName

AS_OF = f"{{{{ ti.xcom_pull(task_ids='{RESOLVE}') }}}}"
EMBED_SERVE = f"{StepName.EMBED}-serve"
RETRY_DELAY = timedelta(seconds=30)


def midnight(day: date | None) -> datetime | None:
    """Returns the start of a day, UTC."""
    return datetime.combine(day, time(), UTC) if day else None


class Pipeline:
    """Makes the DAG of one pipeline.

    Args:
        config_path: Its YAML.
        config: What the YAML says; its scope decides the DAG's shape.
        module: The program whose commands are the steps.
    """

    def __init__(
        self, config_path: Path, config: PipelineConfig, module: str = "jobs.cli"
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
        regions, before = self._until_regions()
        group = self._per_region().expand(region=regions)
        publish = self._step(
            StepName.PUBLISH,
            regions=rendered_regions,
            # One region may fail and the others go live; without any shard there is no release.
            trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
        )
        report = self._step(StepName.REPORT, trigger_rule=TriggerRule.ALL_DONE)
        chain(*before, group, publish, report, self._end())

    def _until_regions(self) -> tuple[XComArg, list[Any]]:
        path, scope, schedule = self.path, self.config.model.scope, self.config.schedule

        @task(task_id=RESOLVE, retries=0)
        def resolve_as_of() -> str:
            return resolve(path, scope, get_current_context())

        @task(task_id=CHOOSE, retries=0)
        def choose(snapshot: Any) -> list[str]:  # noqa: ANN401  (an XCom when the DAG is parsed)
            return choose_regions(snapshot, get_current_context()["params"]["regions"])

        wait = WaitOperator(
            poll_s=schedule.wait_poll_s,
            timeout_hours=schedule.wait_timeout_hours,
            **self._settings(StepName.WAIT),
        )
        snapshot = self._step(StepName.SNAPSHOT, extra_args=rendered_rebuild)
        regions = choose(snapshot.output)
        chain(resolve_as_of(), wait, self._step(StepName.VALIDATE), snapshot, regions)
        if scope == "region":
            return regions, [regions]
        train = self._step(StepName.TRAIN)
        chain(regions, train, self._embed("train"), self._embed("serve"))
        return regions, [train.dag.get_task(EMBED_SERVE)]

    def _per_region(self) -> Any:  # noqa: ANN401  (Airflow does not export the type)
        @task_group(group_id="region")
        def per_region(region: str) -> None:
            mapped = {"regions": [region], "map_index_template": "{{ region_name }}"}
            evaluate = self._step(StepName.EVALUATE, **mapped)
            shard = self._step(StepName.SHARD, **mapped)
            if self.config.model.scope == "global":
                chain(evaluate, shard)
                return
            train = self._step(StepName.TRAIN, **mapped)
            embed_train, embed_serve = (self._embed(view, **mapped) for view in ("train", "serve"))
            chain(train, embed_train, evaluate, embed_serve, shard)

        return per_region

    def _end(self) -> XComArg:
        @task(task_id=END, retries=0, trigger_rule=TriggerRule.ALL_DONE)
        def day_ended() -> None:
            end_of_day(get_current_context())

        return day_ended()

    def _embed(self, view: str, **settings: Any) -> StepOperator:  # noqa: ANN401
        task_id = f"{StepName.EMBED}-{view}"
        return self._step(StepName.EMBED, task_id=task_id, extra_args=("--view", view), **settings)

    def _step(self, step: StepName, **settings: Any) -> StepOperator:  # noqa: ANN401
        return StepOperator(**{**self._settings(step), **settings})

    def _settings(self, step: StepName) -> dict[str, Any]:
        return {
            "task_id": str(step),
            "step": str(step),
            "config_path": self.path,
            "as_of": AS_OF,
            "overrides": rendered_overrides,
            "publishing": rendered_publishing,
            "module": self.module,
        }
