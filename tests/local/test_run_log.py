import pytest

from graphrec.dags.run_tasks import END
from graphrec.local.run_log import SUMMARY, RunLog, progress_in, report_in


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "2026-01-01T00:00:00Z [info] step started: train-model [new york] [airflow.task]",
            "train-model [new york] ...",
        ),
        (
            "[info     ] step ended: build-snapshot exit=0 seconds=12.3 [airflow] loc=a.py:1",
            "build-snapshot done in 12.3 s",
        ),
        (
            "\x1b[32mstep ended: publish-release exit=-9 seconds=0.1\x1b[0m",
            "publish-release exit code -9 in 0.1 s",
        ),
        ("INFO jobs.train_model: epoch 1", ""),
    ],
)
def test_progress_is_read_from_the_log(line: str, expected: str) -> None:
    assert progress_in(line)[10:] == expected


def test_the_report_is_read_from_the_log() -> None:
    assert report_in('[info] {"report": "file:///lake/index.html"} [task]') == (
        "file:///lake/index.html"
    )
    assert report_in('{"step": "publish-release"}') == ""


def text_of(step: str, *lines: str) -> list[str]:
    """Lines of a step's own log, as Airflow writes them."""
    logger = "airflow.task.operators.dags.step_operator.StepOperator"
    stamp = "2026-01-01T00:00:00.000000Z [info     ]"
    return [f"{stamp} {line:<30} [{logger}] loc=step_operator.py:100" for line in lines]


def step(title: str, code: int, *lines: str) -> list[str]:
    started, ended = f"step started: {title}", f"step ended: {title} exit={code} seconds=0.1"
    return text_of(title, started, *lines, ended)


def read(*parts: list[str]) -> RunLog:
    log = RunLog()
    for part in parts:
        for line in part:
            log.read(f"{line}\n")
    return log


INFO = "2026-01-01 00:00:00,000 INFO    jobs.x: working"
ERROR = "2026-01-01 00:00:00,000 ERROR   jobs.cli: BadRowsError: At most 1% may be bad."


def test_a_failed_step_is_told_with_its_whole_message() -> None:
    lines = [INFO, ERROR, "  found: 7 of 100", "  to do: mend them", INFO, "a stray line"]
    log = read(step("wait-for-source", 0, INFO), step("validate-source", 3, *lines))
    assert log.codes == {"wait-for-source": 0, "validate-source": 3}
    assert log.failures() == [
        "validate-source: exit code 3\n"
        "  BadRowsError: At most 1% may be bad.\n    found: 7 of 100\n    to do: mend them"
    ]


def test_the_last_error_counts() -> None:
    other = ERROR.replace("At most", "The last: at most")
    log = read(step("train-model [eu]", 3, ERROR, "  found: one", other))
    assert log.failures() == [
        "train-model [eu]: exit code 3\n  BadRowsError: The last: at most 1% may be bad."
    ]


def test_a_step_that_healed_is_no_failure() -> None:
    log = read(step("build-snapshot", 1, ERROR), step("build-snapshot", 0, INFO))
    assert (log.codes, log.failures()) == ({"build-snapshot": 0}, [])


def test_a_killed_step_has_no_message_of_an_earlier_try() -> None:
    log = read(step("build-shard [eu]", 1, ERROR), step("build-shard [eu]", -9, INFO))
    assert log.failures() == ["build-shard [eu]: exit code -9\n  no error message: see the log"]


def test_a_long_traceback_is_shortened() -> None:
    log = read(step("train-model", 1, ERROR, *(f"line {number}" for number in range(50))))
    told = log.failures()[0].splitlines()
    assert len(told) == 11
    assert told[-1].strip() == "line 49"


def task(task_id: str, *error: str) -> list[str]:
    """A task that Airflow itself reports as failed."""
    stamp = "2026-01-01T00:00:00.000000Z"
    return [
        f"{stamp} [info     ] [DAG TEST] starting task_id={task_id} map_index=-1 [dag] loc=d",
        f"{stamp} [error    ] Task failed with exception     [task] loc=task_runner.py:1639",
        "Traceback (most recent call last):",
        '  File "dag.py", line 1, in f',
        *error,
        f"{stamp} [info     ] ::group::Post Execute          [task] loc=task_runner.py:1640",
        "a stray line",
    ]


def test_a_task_that_is_no_step_is_told_too() -> None:
    raised = "airflow.sdk.exceptions.AirflowFailException: "
    log = read(
        step("validate-source", 3, ERROR),
        task("validate-source", f"{raised}validate-source: exit code 3"),
        task("region.resolve-as-of", f"{raised}It must be a valid pipeline.", "  found: x"),
        task(END, f"{raised}The day did not end well"),
    )
    assert log.failures() == [
        "validate-source: exit code 3\n  BadRowsError: At most 1% may be bad.",
        "resolve-as-of:\n  It must be a valid pipeline.\n    found: x",
    ]


def test_the_last_task_has_the_name_that_the_log_knows() -> None:
    assert SUMMARY == END
