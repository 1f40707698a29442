"""Waiting for the source without holding a worker: look once, then defer until the next look."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from dags.step_operator import NO_RETRY, StepOperator

LOOK_ONCE = ("--timeout-s", "0")


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

    def execute(self, context: Context, event: Any = None) -> Any:  # noqa: ANN401, ARG002
        """Looks at the source; returns the step's result, or defers.

        Raises:
            AirflowFailException: The waiting took too long, or the configuration is wrong.
        """
        code, result = self.run_step()
        if code in NO_RETRY:
            raise AirflowFailException(f"{self.task_id}: exit code {code}, {NO_RETRY[code]}")
        if code == 0:
            return self.parsed(result)
        self._give_up_when_late(context, code)
        self.log.info("not ready; the next look is in %g s", self.poll_s)
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=self.poll_s)), method_name="execute"
        )
        return None

    def _give_up_when_late(self, context: Context, code: int) -> None:
        # A resumed task keeps its first start, so this counts all looks together.
        started = context["ti"].start_date
        waited = datetime.now(UTC) - started
        if waited >= timedelta(hours=self.timeout_hours):
            raise AirflowFailException(
                f"The source was not ready within {self.timeout_hours:g} h of {started:%F %T} "
                f"(exit code {code}). Check source.ready_marker and time.lateness_hours, "
                "or raise schedule.wait_timeout_hours."
            )
