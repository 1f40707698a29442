"""What the DAG files yield: one DAG a pipeline, of the right shape."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronDataIntervalTimetable, TriggerRule
from airflow.sdk.definitions.mappedoperator import MappedOperator

from graphrec_core.config import Grain, StepName, child_environment, load_pipeline
from tests.dags.pipelines import write_pipeline
from tests.support.new_step import ENTRY, new_step

REPOSITORY = Path(__file__).parents[2]
CONFIGS = sorted((REPOSITORY / "configs").glob("*.yaml"))
DAG_FILES = ("broken_configs.py", "pipelines.py")
REGION_STEPS = [
    "train-model", "generate-embeddings-train", "evaluate-model", "generate-embeddings-serve",
    "build-shard",
]  # fmt: skip
BEFORE = ["resolve-as-of", "wait-for-source", "validate-source", "build-snapshot"]


def load(monkeypatch: pytest.MonkeyPatch, folder: Path) -> DagBag:
    monkeypatch.setenv("GRAPHREC_CONFIG_DIR", str(folder))
    return DagBag(dag_folder=str(REPOSITORY / "graphrec" / "dags"))


def downstream(dag: DAG, task_id: str) -> set[str]:
    return dag.get_task(task_id).downstream_task_ids


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_yaml_is_a_dag(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    bag = load(monkeypatch, path.parent)
    assert bag.import_errors == {}
    config = load_pipeline(path)
    dag = bag.dags[config.pipeline]
    assert isinstance(dag.timetable, CronDataIntervalTimetable)
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert dag.start_date.date() == config.schedule.start
    assert dag.params["publish"] == config.publish.mode


def test_only_two_files_are_read_as_dag_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bag = load(monkeypatch, tmp_path)
    assert sorted(Path(stat.file).name for stat in bag.dagbag_stats) == list(DAG_FILES)


def test_regional_models_are_trained_inside_the_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_pipeline(tmp_path, "tiny", recommender={"model": "lightgcn", "scope": "region"})
    dag = load(monkeypatch, tmp_path).dags["tiny"]
    flow = [*BEFORE, "choose-regions", *(f"region.{step}" for step in REGION_STEPS)]
    flow += ["publish-release", "write-report", "day-ended"]
    assert set(dag.task_ids) == set(flow)
    for left, right in pairwise(flow):
        assert right in downstream(dag, left)
    assert dag.task_group.get_child_by_label("region").group_id == "region"


def test_a_global_model_is_trained_before_the_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_pipeline(tmp_path, "tiny", recommender={"model": "lightgcn", "scope": "global"})
    dag = load(monkeypatch, tmp_path).dags["tiny"]
    flow = [
        *BEFORE, "choose-regions", "train-model", "generate-embeddings-train",
        "generate-embeddings-serve", "region.evaluate-model", "region.build-shard",
        "publish-release", "write-report", "day-ended",
    ]  # fmt: skip
    assert set(dag.task_ids) == set(flow)
    for left, right in pairwise(flow):
        assert right in downstream(dag, left)


@pytest.mark.parametrize(
    ("sources", "once", "inside"),
    [
        (
            ("global lightgcn", "region graphsage"),
            REGION_STEPS[:2] + REGION_STEPS[3:4],
            REGION_STEPS,
        ),
        (
            ("global lightgcn", "covisitation"),
            REGION_STEPS[:2] + REGION_STEPS[3:4],
            REGION_STEPS[1:],
        ),
        (("region lightgcn", "covisitation"), [], REGION_STEPS),
        (("popularity",), [], REGION_STEPS[1:]),
    ],
    ids=str,
)
def test_each_step_stands_where_a_source_needs_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sources: tuple[str, ...],
    once: list[str],
    inside: list[str],
) -> None:
    """Global sources before the regions, their own ones inside; a scorer is not trained."""
    settings = {
        name.split()[-1]: {"model": name.split()[-1]}
        | ({"scope": name.split()[0]} if " " in name else {})
        for name in sources
    }
    write_pipeline(tmp_path, "tiny", recommender={"sources": settings})
    dag = load(monkeypatch, tmp_path).dags["tiny"]
    flow = [*BEFORE, "choose-regions", *once, *(f"region.{step}" for step in inside)]
    flow += ["publish-release", "write-report", "day-ended"]
    assert set(dag.task_ids) == set(flow)
    for left, right in pairwise(flow):
        assert right in downstream(dag, left)


def test_a_fitted_ranker_stands_between_two_groups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It runs where one region at least was trained; those that failed are left out of it."""
    recommender = {"model": "lightgcn", "ranker": {"model": "lightgbm"}}
    write_pipeline(tmp_path, "tiny", recommender=recommender)
    dag = load(monkeypatch, tmp_path).dags["tiny"]
    flow = [*BEFORE, "choose-regions", "region_first.train-model", "fit-ranker"]
    flow += [f"region.{step}" for step in REGION_STEPS[1:]]
    flow += ["publish-release", "write-report", "day-ended"]
    assert set(dag.task_ids) == set(flow)
    for left, right in pairwise(flow):
        assert right in downstream(dag, left)
    rule = dag.task_dict["fit-ranker"].trigger_rule
    assert rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS


def test_a_choice_and_its_rankers_stand_between_two_groups(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They run where one region at least was trained, one after the other."""
    challengers = {"rival": {"ranker": {"model": "lightgbm"}}}
    recommender = {"model": "lightgcn", "challengers": challengers}
    write_pipeline(tmp_path, "tiny", recommender=recommender)
    dag = load(monkeypatch, tmp_path).dags["tiny"]
    flow = ["region_first.train-model", "choose-recommender", "fit-ranker"]
    flow += [f"region.{step}" for step in REGION_STEPS[1:]]
    for left, right in pairwise(flow):
        assert right in downstream(dag, left)
    for name in flow[1:3]:
        assert dag.task_dict[name].trigger_rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS


def test_leaves_mask_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_pipeline(tmp_path, "tiny")
    dag = load(monkeypatch, tmp_path).dags["tiny"]
    assert [task.task_id for task in dag.leaves] == ["day-ended"]
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks}
    assert {name: rule for name, rule in rules.items() if rule != "all_success"} == {
        "publish-release": "all_done_min_one_success",
        "write-report": "all_done",
        "day-ended": "all_done",
    }


def test_steps_are_never_mapped_on_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_pipeline(tmp_path, "tiny")
    dag = load(monkeypatch, tmp_path).dags["tiny"]
    assert not [task for task in dag.tasks if isinstance(task, MappedOperator)]


def test_params_are_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_pipeline(tmp_path, "tiny")
    params = load(monkeypatch, tmp_path).dags["tiny"].params
    wrong = {"publish": "now", "regions": "eu", "overrides": ["no equals sign"], "as_of": 20260101}
    for name, value in wrong.items():
        with pytest.raises(ValueError, match="Invalid input"):
            params[name] = value


def test_a_broken_yaml_is_named_and_breaks_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_pipeline(tmp_path, "good")
    write_pipeline(tmp_path, "typo", trainnig={})
    (tmp_path / "syntax.yaml").write_text("pipeline: [")
    (tmp_path / "twin.yaml").write_text((tmp_path / "good.yaml").read_text())
    bag = load(monkeypatch, tmp_path)
    assert list(bag.dags) == ["good"]
    assert [Path(name).name for name in bag.import_errors] == ["broken_configs.py"]
    message = next(iter(bag.import_errors.values()))
    assert "unknown key trainnig" in message
    assert "syntax.yaml" in message
    assert "twin.yaml: the pipeline good is good.yaml's already" in message


def test_a_repeated_name_leaves_the_first_file_its_dag(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = write_pipeline(tmp_path, "first")
    second = tmp_path / "second.yml"
    second.write_text(first.read_text())
    dag = load(monkeypatch, tmp_path).dags["first"]
    assert dag.get_task("build-snapshot").config_path == str(first)


def test_a_yml_file_is_a_dag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_pipeline(tmp_path, "tiny").rename(tmp_path / "tiny.yml")
    (tmp_path / "notes.txt").write_text("not a pipeline")
    bag = load(monkeypatch, tmp_path)
    assert (list(bag.dags), bag.import_errors) == (["tiny"], {})


def test_one_file_is_the_only_dag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_pipeline(tmp_path, "a")
    wanted = write_pipeline(tmp_path, "b").rename(tmp_path / "b.of.today")
    wanted.write_text(wanted.read_text().replace("pipeline: b", "pipeline: a"))
    bag = load(monkeypatch, wanted)
    assert (list(bag.dags), bag.import_errors) == (["a"], {})
    assert bag.dags["a"].get_task("build-snapshot").config_path == str(wanted)


def test_a_configuration_that_is_not_there_is_an_import_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bag = load(monkeypatch, tmp_path / "nowhere")
    assert [Path(name).name for name in bag.import_errors] == ["broken_configs.py"]


@pytest.mark.process
def test_parsing_imports_nothing_heavy() -> None:
    heavy = {"torch", "dgl", "pyspark", "faiss", "great_expectations", "scipy", "pandas"}
    code = "import sys, graphrec.dags.pipelines; print(*sys.modules)"
    child = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    modules = set(child.stdout.split())
    assert "graphrec.dags" in modules
    assert not modules & {*heavy, "graphrec.jobs"}
    assert not modules & {"numpy", "pyarrow", "fastapi"}


def test_a_new_step_stands_at_its_place_in_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_pipeline(tmp_path, "tiny", recommender={"model": "lightgcn", "scope": "region"})
    with new_step():
        regional = load(monkeypatch, tmp_path).dags["tiny"]
    assert downstream(regional, "region.evaluate-model") == {"region.count-homes"}
    assert downstream(regional, "region.count-homes") == {"region.generate-embeddings-serve"}
    of_day = replace(ENTRY, grain=Grain.DAY)
    with new_step(of_day, before=StepName.TRAIN):
        early = load(monkeypatch, tmp_path).dags["tiny"]
    assert downstream(early, "count-homes") == {"choose-regions"}
    with new_step(of_day, before=StepName.REPORT):
        late = load(monkeypatch, tmp_path).dags["tiny"]
    assert downstream(late, "publish-release") == {"count-homes"}
    assert "region.count-homes" not in late.task_ids
