"""Waiting for the source without holding a worker: look once, then defer until the next look."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from graphrec.dags.step_operator import NO_RETRY, StepOperator

LOOK_ONCE = ("--timeout-s", "0")
WAITING_SINCE = "waiting_since"


class WaitOperator(StepOperator):
    """Runs ``wait-for-source`` until it says ready; only an operator can defer.

    Args:
        poll_s: Seconds between two looks.
        timeout_hours: How long the day waits in all, counted from the task's start.
    """

    def __init__(
        self,
        *,
        poll_s: float,
        timeout_hours: float,
        extra_args: Sequence[str] = LOOK_ONCE,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(extra_args=extra_args, **kwargs)
        self.poll_s = poll_s
        self.timeout_hours = timeout_hours

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """Looks at the source for the first time; returns the step's result, or defers.

        Raises:
            AirflowFailException: The waiting took too long, or the configuration is wrong.
            AirflowException: The look itself failed; a retry may help.
        """
        return self._look(context, datetime.now(UTC))

    def look_again(self, context: Context, event: Any = None) -> Any:  # noqa: ANN401
        """Looks once more, after a deferral; like ``execute``."""
        # An XCom, because `airflow dags test` loses both the kwargs of a deferral and start_date.
        since = context["ti"].xcom_pull(task_ids=self.task_id, key=WAITING_SINCE)
        return self._look(context, datetime.fromisoformat(since))

    def _look(self, context: Context, since: datetime) -> Any:  # noqa: ANN401
        code, result = self.run_step()
        if code in NO_RETRY:
            raise AirflowFailException(f"{self.task_id}: exit code {code}, {NO_RETRY[code]}")
        if code == 0:
            return self.parsed(result)
        if not says_not_ready(code, result):
            raise AirflowException(f"{self.task_id}: exit code {code}, a fault; a retry may help")
        if datetime.now(UTC) - since >= timedelta(hours=self.timeout_hours):
            raise AirflowFailException(
                f"The source was not ready within {self.timeout_hours:g} h of {since:%F %T} UTC. "
                "Check source.ready_marker and time.lateness_hours, "
                "or raise schedule.wait_timeout_hours."
            )
        self.log.info("not ready; the next look is in %g s", self.poll_s)
        context["ti"].xcom_push(key=WAITING_SINCE, value=since.isoformat())
        trigger = TimeDeltaTrigger(timedelta(seconds=self.poll_s))
        return self.defer(trigger=trigger, method_name="look_again")


def says_not_ready(code: int, line: str) -> bool:
    """Tells "not yet" from a fault, which ends with 1 too but without the line on readiness.

    Args:
        code: The exit code of ``wait-for-source``.
        line: The last line that it wrote to standard output.
    """
    try:
        answer = json.loads(line)
    except ValueError:
        return False
    return code == 1 and isinstance(answer, dict) and answer.get("ready") is False
