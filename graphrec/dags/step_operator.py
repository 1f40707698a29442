"""A step of the pipeline as an Airflow task: ``graphrec <step>`` in a process of its own."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from graphrec.dags.child_process import ChildProcess
from graphrec_core.config import child_environment, triggered_overrides
from graphrec_core.errors import ConfigError
from graphrec_core.redaction import redact

NO_RETRY = {2: "configuration or usage is wrong", 3: "refused by data checks or by the gate"}
NO_INSTANT = ("", "None")
"""What the template of ``as_of`` becomes when the first task failed."""
STARTED, ENDED = "step started:", "step ended:"
"""How the log lines begin that ``graphrec.local.run_once`` shows as progress."""


class StepOperator(BaseOperator):
    """Runs one step; the JSON line it prints last is the task's result.

    A step run by hand is the step that runs here: the same command, the same exit codes.

    Args:
        step: The step's CLI command.
        config_path: The pipeline's YAML.
        as_of: The run's instant, ISO.
        regions: Names of regions; each becomes a ``--region``.
        overrides: ``section.key=value`` strings of whoever triggered the run; each becomes a
            ``--set`` if ``schedule.overridable`` lists it.
        publishing: The run's parameters on publishing, as overrides; each becomes a ``--set``.
        extra_args: Further arguments of this step, such as ``("--view", "train")``.
        module: The program, run as ``python -m module``.
    """

    template_fields: Sequence[str] = (
        "as_of",
        "regions",
        "overrides",
        "publishing",
        "extra_args",
    )

    def __init__(
        self,
        *,
        step: str,
        config_path: str,
        as_of: Any,  # noqa: ANN401  (a string, or what Airflow renders into one)
        regions: Any = (),  # noqa: ANN401
        overrides: Any = (),  # noqa: ANN401
        publishing: Any = (),  # noqa: ANN401
        extra_args: Any = (),  # noqa: ANN401
        module: str = "graphrec.jobs.cli",
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.step = step
        self.config_path = config_path
        self.as_of = as_of
        self.regions = regions
        self.overrides = overrides
        self.publishing = publishing
        self.extra_args = extra_args
        self.module = module
        self._child: ChildProcess | None = None

    def command(self) -> list[str]:
        """Returns the argument list; the template fields must be rendered.

        Raises:
            ConfigError: The run carries an override that the pipeline does not let it carry.
        """
        command = [sys.executable, "-m", self.module, self.step]
        command += ["--config", self.config_path, "--as-of", self.as_of, *self.extra_args]
        for region in self.regions:
            command += ["--region", region]
        # Here too, not only in the first task: whatever starts a step goes through this.
        allowed = triggered_overrides(Path(self.config_path), self.overrides)
        for override in [*allowed, *self.publishing]:
            command += ["--set", override]
        return command

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """Runs the step to its end.

        Raises:
            AirflowFailException: Exit code 2 or 3, or no instant; a retry cannot help.
            AirflowException: Any other exit code; a retry may help.
        """
        self._name_region(context)
        if self.as_of in NO_INSTANT:
            raise AirflowFailException(f"{self._title()}: the run has no instant")
        code, result = self.run_step()
        if code in NO_RETRY:
            raise AirflowFailException(f"{self._title()}: exit code {code}, {NO_RETRY[code]}")
        if code != 0:
            raise AirflowException(f"{self._title()}: exit code {code}, a fault; a retry may help")
        return self.parsed(result)

    def run_step(self) -> tuple[int, str]:
        """Runs the command; returns its exit code and its last line on standard output.

        Raises:
            AirflowFailException: The run carries an override that it may not carry.
        """
        started_s, last = time.monotonic(), ""
        try:
            command = self.command()
        except ConfigError as error:
            raise AirflowFailException(f"{self._title()}: {error}") from error

        def on_stdout(line: str) -> None:
            nonlocal last
            last = line
            self.log.info("%s", redact(line))

        def on_stderr(line: str) -> None:
            self.log.info("%s", redact(line))

        self.log.info("%s %s", STARTED, self._title())
        environment = child_environment(PYTHONUNBUFFERED="1")
        self._child = ChildProcess(command, environment)
        try:
            code = self._child.follow(on_stdout, on_stderr)
        except BaseException:  # a timeout or an interrupt must not leave the child behind
            self._child.kill()
            raise
        finally:
            self._child = None
        seconds = time.monotonic() - started_s
        self.log.info("%s %s exit=%d seconds=%.1f", ENDED, self._title(), code, seconds)
        return code, last

    def on_kill(self) -> None:
        """Ends the step's whole process group."""
        if self._child is not None:
            self._child.kill()

    def _title(self) -> str:
        name = self.task_id.rsplit(".", 1)[-1]
        return f"{name} [{', '.join(self.regions)}]" if self.regions else name

    def _name_region(self, context: Context) -> None:
        context["region_name"] = ", ".join(self.regions)  # type: ignore[typeddict-unknown-key]

    def parsed(self, line: str) -> Any:  # noqa: ANN401
        """Reads the step's result from its last line."""
        try:
            return json.loads(line)
        except ValueError as error:
            raise AirflowFailException(
                f"{self._title()}: the last line on standard output must be JSON; found {line!r}"
            ) from error
