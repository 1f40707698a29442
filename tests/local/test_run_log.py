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


STAMP = "2026-01-01 00:00:00.000000+00:00"


def of(name: str, index: int = -1) -> str:
    """The end of a line: whose it is, as Airflow writes it."""
    run = "run_id=manual__2026-01-02T00:00:00+00:00"
    return f"loc=a.py:100 map_index={index} {run} task_id={name} ti_id=01a2 try_number=1"


def text_of(title: str, *lines: str) -> list[str]:
    """Lines of a step's own log, as Airflow writes them."""
    logger = "airflow.task.operators.dags.step_operator.StepOperator"
    name, _, region = title.partition(" ")
    index = ["", "[asia]", "[eu]"].index(region) - 1
    end = f"[{logger}] dag_id=town {of(f'region.{name}', index)}"
    return [f"{STAMP} [info     ] {line:<30} {end}" for line in lines]


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


def task(name: str, error: str) -> list[str]:
    """A task that Airflow itself reports as failed."""
    detail = [{"exc_type": "AirflowFailException", "exc_value": error, "frames": [{"lineno": 1}]}]
    return [
        f"{STAMP} [error    ] Task failed with exception     [task] dag_id=town "
        f"error_detail={detail} {of(name)}",
        f"{STAMP} [info     ] ::group::Post Execute          [task] dag_id=town {of(name)}",
        "a stray line",
    ]


def test_steps_that_run_side_by_side_keep_their_messages_apart() -> None:
    other = ERROR.replace("At most", "Not more than")
    one = step("train-model [asia]", 3, ERROR, "  found: 7", INFO)
    two = step("train-model [eu]", 3, other, "  found: 8", "  found: 9")
    log = read([line for pair in zip(one, two, strict=True) for line in pair])
    assert log.failures() == [
        "train-model [asia]: exit code 3\n  BadRowsError: At most 1% may be bad.\n    found: 7",
        "train-model [eu]: exit code 3\n"
        "  BadRowsError: Not more than 1% may be bad.\n    found: 8\n    found: 9",
    ]


def test_a_task_that_fails_within_its_step_is_told() -> None:
    started = text_of("train-model", "step started: train-model", INFO)
    (failed, *_) = task("region.train-model", "the child could not be started")
    assert read(started, [failed]).failures() == ["train-model:\n  the child could not be started"]


def test_an_error_in_which_a_secret_was_blotted_out_is_told_as_it_stands() -> None:
    (failed, *_) = task("resolve-as-of", "it")
    torn = failed.replace("'it'", "it's token: ***")
    (told,) = read([torn]).failures()
    assert "it's token: ***" in told


def test_the_last_lines_are_there_where_no_task_told_anything() -> None:
    log = read([f"line {number}" for number in range(20)])
    assert log.failures() == []
    assert log.end().split() == [word for n in range(12, 20) for word in ("line", str(n))]


def test_a_task_that_is_no_step_is_told_too() -> None:
    log = read(
        step("validate-source", 3, ERROR),
        task("validate-source", "validate-source: exit code 3"),
        task("region.resolve-as-of", "It must be a valid pipeline.\n  found: x"),
        task(END, "The day did not end well"),
    )
    assert log.failures() == [
        "validate-source: exit code 3\n  BadRowsError: At most 1% may be bad.",
        "resolve-as-of:\n  It must be a valid pipeline.\n    found: x",
    ]


def test_the_last_task_has_the_name_that_the_log_knows() -> None:
    assert SUMMARY == END
