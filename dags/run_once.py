"""One day of one pipeline on this machine: ``python -m dags.run_once --config FILE``.

Runs the real Airflow DAG once (SQLite, no scheduler), shows its progress, then what it left.
Exit code 0: report and release are stored and a region passed; 1: not so; 2: wrong arguments.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dags.run_log import progress_in, report_in
from graphrec_core.config import PipelineConfig, child_environment, load_pipeline
from graphrec_core.errors import ConfigError, GraphrecError
from graphrec_core.types import parse_instant

REPOSITORY = Path(__file__).resolve().parents[1]
AIRFLOW_HOME = REPOSITORY / ".airflow"
GRAPHREC = (sys.executable, "-m", "jobs.cli")
FAULT, USAGE = 1, 2
WIDTH = "160"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the day and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dags.run_once", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the pipeline's YAML")
    parser.add_argument("--data", default="", help="folder of the source's tables (source.root)")
    parser.add_argument("--as-of", default="", help="ISO; default: schedule.end, else .start")
    parser.add_argument("--lake", default="", help="folder or URI of the lake (lake.root)")
    parser.add_argument("--set", action="append", default=[], help="section.key=value")
    given = parser.parse_args(arguments)
    try:
        overrides = [*given.set, *_places(given.data, given.lake)]
        config = load_pipeline(given.config, overrides)
        day = config.schedule.end or config.schedule.start
        as_of = parse_instant(given.as_of or day.isoformat())
    except GraphrecError as error:
        _say(f"{type(error).__name__}: {error}")
        return USAGE
    return Day(given.config.resolve(), config, as_of, overrides).run()


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


class Day:
    """One run of one pipeline.

    Args:
        path: The pipeline's YAML, absolute.
        config: What it says, overrides included.
        as_of: The run's instant.
        overrides: ``section.key=value`` strings.
    """

    def __init__(
        self, path: Path, config: PipelineConfig, as_of: datetime, overrides: Sequence[str]
    ) -> None:
        self.path, self.config, self.as_of = path, config, as_of
        self.overrides, self.report = list(overrides), ""
        self.environment = child_environment(
            AIRFLOW_HOME=str(AIRFLOW_HOME),
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__DAGS_FOLDER=str(REPOSITORY / "dags"),
            AIRFLOW__LOGGING__COLORED_CONSOLE_LOG="False",
            GRAPHREC_CONFIG_DIR=str(path.parent),
            PYTHONPATH=str(REPOSITORY),
            PYTHONUNBUFFERED="1",
            NO_COLOR="1",
        )
        if not sys.stdout.isatty():
            self.environment.setdefault("COLUMNS", WIDTH)

    def run(self) -> int:
        """Runs the DAG, then shows the table, the report's path and a sample query."""
        AIRFLOW_HOME.mkdir(exist_ok=True)
        log = AIRFLOW_HOME / f"{self.config.pipeline}-{self.as_of:%Y%m%dT%H%M%SZ}.log"
        _say(f"{self.config.pipeline}, as of {self.as_of:%Y-%m-%d %H:%M} UTC; full log: {log}")
        started_s = time.monotonic()
        with log.open("w", encoding="utf-8") as file:
            code = self._airflow(file, "db", "migrate") or self._airflow(file, *self._test())
        _say(f"The DAG ended after {time.monotonic() - started_s:.0f} s with exit code {code}.")
        return self._show(code)

    def _test(self) -> list[str]:
        before = f"{self.as_of - timedelta(days=1):%Y-%m-%d}"
        conf = {"as_of": self.as_of.isoformat(), "overrides": self.overrides}
        file = str(REPOSITORY / "dags" / "pipelines.py")
        return ["dags", "test", self.config.pipeline, before, "-f", file, "-c", json.dumps(conf)]

    def _airflow(self, log: Any, *arguments: str) -> int:  # noqa: ANN401
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            for line in process.stdout or ():
                log.write(line)
                self.report = report_in(line) or self.report
                if news := progress_in(line):
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
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=False,
        )
        return None if done.returncode else done.stdout or ""

    def _show(self, code: int) -> int:
        instant = self.as_of.isoformat()
        _say("")
        self._graphrec("status", "--as-of", instant)
        status = self._graphrec("status", "--as-of", instant, "--json", capture=True)
        if not self.report or status is None:
            _say(f"The day left no report. Airflow's exit code was {code}.")
            return FAULT
        _say(f"Report: {self.report}")
        _say("A sample query, answered from the live shard:")
        self._graphrec("query", "--k", "5")
        if problem := problem_of(json.loads(status)["run"]):
            _say(f"The day failed: {problem}. Airflow's exit code was {code}.")
            return FAULT
        return 0


def problem_of(run: dict[str, Any]) -> str:
    """Says why a day does not count as done; empty when a region passed and was released.

    Args:
        run: The day as ``graphrec status --json --as-of`` gives it.
    """
    release, regions = run["release"], run["regions"]
    if release is None:
        return "no release was stored"
    if release["mode"] != "force" and not any(row["gate"] == "passed" for row in regions):
        return "no region passed the gate"
    if (newest := run["live"]["high_water"]) > release["as_of"]:
        _say(f"Released, not live: the newer day {newest} is live already.")
    return ""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAULT))
    sys.exit(main())
