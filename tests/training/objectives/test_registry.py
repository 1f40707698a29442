from pathlib import Path
from typing import get_args

import pytest

from graphrec_core.config import load_pipeline
from graphrec_core.config.task import TaskKind
from graphrec_core.config.training import TrainingConfig
from graphrec_core.errors import ConfigError
from graphrec_core.training.objectives import OBJECTIVES, build_objective
from tests.dags.pipelines import write_pipeline
from tests.training.graphs import TASK


def test_every_kind_of_task_has_an_objective() -> None:
    assert set(OBJECTIVES) == set(get_args(TaskKind))


def test_an_unknown_kind_is_refused_with_what_exists(graph) -> None:
    with pytest.raises(ConfigError) as error:
        build_objective(TASK.model_copy(update={"kind": "rank"}), graph, TrainingConfig())

    assert error.value.found == "'rank'"
    assert error.value.fix == "Choose one of recommend."


def test_a_yaml_with_an_unknown_kind_is_refused_with_what_exists(tmp_path: Path) -> None:
    path = write_pipeline(tmp_path, "tiny")

    with pytest.raises(ConfigError, match=r"task\.kind.*'recommend'") as error:
        load_pipeline(path, ["task.kind=rank"])

    assert error.value.exit_code == 2
    assert load_pipeline(path).task.kind == "recommend"
