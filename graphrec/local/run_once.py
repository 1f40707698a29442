"""One day of one pipeline on this machine: ``python -m graphrec.local.run_once --config FILE``.

Runs the real Airflow DAG once (SQLite, no scheduler; regions side by side), shows its progress,
then what it left.
Exit code 0: this run stored report and release, and a region is live from it (or passed, where
the release is not meant to go live); 1: not so; 2: wrong arguments.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from graphrec.dags.child_process import die_with_the_parent
from graphrec.local.java import load_for_here, needs_java
from graphrec.local.run_log import RunLog
from graphrec.local.run_verdict import judge_run
from graphrec_core.config import PipelineConfig, StepName, child_environment, load_pipeline
from graphrec_core.config.looseness import gate_settings
from graphrec_core.errors import ConfigError, GraphrecError
from graphrec_core.redaction import redact
from graphrec_core.types import parse_instant

DAGS_FOLDER = Path(__file__).resolve().parents[1] / "dags"
AIRFLOW_HOME = Path(".airflow")
AIRFLOW = (sys.executable, "-m", "graphrec.local.airflow_commands")
GRAPHREC = (sys.executable, "-m", "graphrec.jobs.cli")
FAULT, USAGE = 1, 2
MAX_FAILURES = 3
"""Failed steps whose messages are shown; the first ones, since the later ones follow from them."""
MAX_TASKS = 4
"""Most tasks at once: each holds its region's data in memory."""
WIDTH = "160"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the day and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m graphrec.local.run_once", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the pipeline's YAML")
    parser.add_argument("--data", default="", help="folder of the source's tables (source.root)")
    parser.add_argument("--as-of", default="", help="ISO; default: schedule.end, else .start")
    parser.add_argument("--lake", default="", help="folder or URI of the lake (lake.root)")
    parser.add_argument("--set", action="append", default=[], help="section.key=value")
    parser.add_argument(
        "--needs-java", action="store_true", help="only tell, by exit code 0, if Java is missing"
    )
    given = parser.parse_args(arguments)
    try:
        overrides = [*given.set, *_places(given.data, given.lake)]
        if given.needs_java:
            return 0 if needs_java(load_pipeline(given.config, overrides)) else FAULT
        config, note = load_for_here(given.config, overrides)
        day = config.schedule.end or config.schedule.start
        as_of = parse_instant(given.as_of or day.isoformat())
    except GraphrecError as error:
        _say(f"{type(error).__name__}: {error}")
        return USAGE
    if note:
        _say(note)
    return LocalRun(config, as_of).run()


def _places(data: str, lake: str) -> Iterator[str]:
    for key, place in (("source.root", data), ("lake.root", lake)):
        if not place:
            continue
        uri = place if "://" in place else str(Path(place).resolve())
        if key == "source.root" and "://" not in uri and not Path(uri).is_dir():
            raise ConfigError(
                must="--data must be a folder that exists, or a URI.",
                found=uri,
                fix="Give the folder that holds the tables named under source.tables.",
            )
        yield f"{key}={json.dumps(uri)}"


class LocalRun:
    """One run of one pipeline.

    Args:
        config: What its YAML says, overrides included.
        as_of: The run's instant.
        home: Airflow's folder; the run's log and its YAML go there.
    """

    def __init__(self, config: PipelineConfig, as_of: datetime, home: Path = AIRFLOW_HOME) -> None:
        self.config, self.as_of, self.home = config, as_of, home.resolve()
        self.log, self.name = RunLog(), f"{config.pipeline}-{as_of:%Y%m%dT%H%M%SZ}"
        self.path = self.home / f"{self.name}.yaml"
        self.gate = {
            key: value
            for key, value in gate_settings(config).items()
            if key in config.yaml_gate and config.yaml_gate[key] != value
        }
        self.environment = local_airflow(
            AIRFLOW_HOME=str(self.home),
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__DAGS_FOLDER=str(DAGS_FOLDER),
            AIRFLOW__LOGGING__COLORED_CONSOLE_LOG="False",
            GRAPHREC_CONFIG_DIR=str(self.path),
            PYTHONUNBUFFERED="1",
            NO_COLOR="1",
        )
        if not sys.stdout.isatty():
            self.environment.setdefault("COLUMNS", WIDTH)

    def run(self) -> int:
        """Runs the DAG, then shows the table, the report's path and a sample query."""
        self.hand_over()
        log = self.home / f"{self.name}.log"
        _say(f"{self.config.pipeline}, as of {self.as_of:%Y-%m-%d %H:%M} UTC; full log: {log}")
        started_s = time.monotonic()
        with log.open("w", encoding="utf-8") as file:
            code = self._airflow(file, [["db", "migrate"], self.command()])
        _say(f"The DAG ended after {time.monotonic() - started_s:.0f} s with exit code {code}.")
        return self.show(code)

    def hand_over(self) -> None:
        """Writes the run's YAML, overrides included: a triggered run could not carry all of them.

        The gate stays as the YAML has it, and the run may change it, so that a looser one is seen
        to be looser. For its owner's eyes only, since settings may hold passwords.
        """
        data = self.config.model_dump(mode="json")
        for key in self.gate:
            section, name = key.split(".")
            data[section][name] = self.config.yaml_gate[key]
        data["schedule"]["overridable"] = list(self.gate)
        self.home.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        self.path.write_text(text, encoding="utf-8")

    @property
    def overrides(self) -> list[str]:
        """What the run carries: the gate's settings that differ from the YAML's."""
        return [f"{key}={json.dumps(value)}" for key, value in self.gate.items()]

    def command(self) -> list[str]:
        """Returns the arguments of Airflow's program that run the DAG once."""
        day = logical_day(self.config, self.as_of).isoformat()
        conf = {"as_of": self.as_of.isoformat(), "overrides": self.overrides}
        file = str(DAGS_FOLDER / "pipelines.py")
        words = ["dags", "test", "--use-executor", self.config.pipeline, day]
        return [*words, "-f", file, "-c", json.dumps(conf)]

    def _airflow(self, log: Any, commands: Sequence[Sequence[str]]) -> int:  # noqa: ANN401
        process = subprocess.Popen(
            [*AIRFLOW, json.dumps(commands)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=die_with_the_parent,
        )
        try:
            for line in process.stdout or ():
                shown = redact(line)
                log.write(shown)
                if news := self.log.read(shown):
                    _say(news)
            return process.wait()
        except BaseException:
            process.kill()  # an interrupt would only fail the step and start the next one
            process.wait()
            raise

    def _graphrec(self, command: str, *arguments: str, capture: bool = False) -> str | None:
        settings = [word for override in self.overrides for word in ("--set", override)]
        done = subprocess.run(
            [*GRAPHREC, command, "--config", str(self.path), *arguments, *settings],
            env=self.environment,
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=False,
        )
        return None if done.returncode else done.stdout or ""

    def show(self, code: int) -> int:
        """Shows the table, the report's path and a sample query; returns the exit code.

        Args:
            code: How Airflow's program ended.
        """
        instant = self.as_of.isoformat()
        _say("")
        self._graphrec("status", "--as-of", instant)
        status = self._graphrec("status", "--as-of", instant, "--json", capture=True)
        if problem := self.judge(status):
            for failure in self.log.failures()[:MAX_FAILURES] or [self.log.end()]:
                _say(failure)
            _say(f"The day failed: {problem}. Airflow's exit code was {code}.")
            return FAULT
        return 0

    def judge(self, status: str | None) -> str:
        """Shows what the run left; returns why it does not count as done, or nothing.

        Args:
            status: What ``graphrec status --json --as-of`` printed; None where it failed.
        """
        if self.log.report:
            _say(f"Report: {self.log.report}")
        if status is None:
            return "its status cannot be read"
        verdict = judge_run(self.log.codes.get(StepName.PUBLISH), json.loads(status)["run"])
        if verdict.problem:
            return verdict.problem
        if not self.log.report:
            return "it left no report"
        if verdict.note:
            _say(verdict.note)
        if not verdict.is_served:
            return ""
        _say("A sample query, answered from the live shard:")
        return "" if self._graphrec("query", "--k", "5") is not None else "the sample query failed"


def local_airflow(**extra: str) -> dict[str, str]:
    """Returns this process's environment with the settings with which a day runs here.

    One task more at once than there are cores, unless the user sets another number: a step has one
    thread by default, and waits a part of its time for Airflow or a file. An ended task is seen
    within a second (by default five). What else the user set for an Airflow of his own does not
    reach this one: tasks report to a server that is made with the run, and by no proxy.

    Args:
        extra: Other variables.
    """
    found = child_environment(
        AIRFLOW__CORE__EXECUTOR="graphrec.local.executor.PromptExecutor",
        AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL="1",
        **extra,
    )
    cores = len(os.sched_getaffinity(0))
    found.setdefault("AIRFLOW__CORE__PARALLELISM", str(min(cores + 1, MAX_TASKS)))
    for name in ("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "AIRFLOW__API_AUTH__JWT_SECRET"):
        found.pop(name, None)
    for name in ("NO_PROXY", "no_proxy"):
        found[name] = ",".join(filter(None, [found.get(name), "127.0.0.1"]))
    return found


def logical_day(config: PipelineConfig, as_of: datetime) -> date:
    """Returns the day to hand to Airflow, which skips every task outside the schedule's bounds.

    The day before ``as_of`` where the schedule has it, else the nearest that it has; the run's
    instant is the parameter ``as_of`` in any case.
    """
    schedule = config.schedule
    day = max((as_of - timedelta(days=1)).date(), schedule.start)
    return min(day, schedule.end) if schedule.end else day


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAULT))
    sys.exit(main())
