"""A day's tasks follow from the table of steps."""

from dataclasses import replace

from graphrec_core.config import StepName, Task, tasks_of_day
from graphrec_core.config.steps import StepInput
from graphrec_core.types import View
from tests.support.new_step import COUNT_HOMES, ENTRY, new_step


def names() -> list[str]:
    return [task.name for task in tasks_of_day()]


def test_a_view_is_made_just_before_it_is_read_and_a_check_is_no_task() -> None:
    assert names() == [
        "wait-for-source", "validate-source", "build-snapshot", "train-model",
        "generate-embeddings-train", "evaluate-model", "generate-embeddings-serve", "build-shard",
        "publish-release", "write-report",
    ]  # fmt: skip


def test_a_view_that_a_new_step_reads_first_is_made_before_it() -> None:
    vectors = StepInput("vectors", StepName.EMBED, View.SERVE)
    entry = replace(ENTRY, inputs=(vectors,))
    with new_step(entry):
        assert names()[5:8] == ["evaluate-model", "generate-embeddings-serve", "count-homes"]
    with new_step():
        assert Task(COUNT_HOMES) in tasks_of_day()
    assert Task(COUNT_HOMES) not in tasks_of_day()
