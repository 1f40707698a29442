"""One measured piece of work in a process of its own, on two cores: see ``bench.snapshot``.

    python -m bench.snapshot_run '{"do": "product", "config": "...", "days": ["2026-04-18"]}'

Prints one line of JSON. ``start_s`` (loading the engine, starting Spark's JVM) is apart from
``run_s``; ``cpu_s`` is the CPU time spent meanwhile, which busy neighbours change less.
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.by_hand import build_by_hand
from bench.market import AS_OF, market_size, write_market
from bench.measured import NUM_CORES, cpu_seconds, use_cores
from bench.same_rows import count_rows, differing_tables
from graphrec_core.config import StepName, load_pipeline
from graphrec_core.day import Day
from graphrec_core.engine import open_engine
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.types import parse_instant


def main() -> None:
    """Does what the request on the command line says, and prints the result."""
    request = json.loads(sys.argv[1])
    use_cores(NUM_CORES)
    work: dict[str, Callable[..., dict[str, Any]]] = {
        "market": market,
        "by_hand": by_hand,
        "product": product,
        "compare": compare,
    }
    sys.stdout.write(json.dumps(work[request.pop("do")](**request)) + "\n")


def market(data: str, num_events: int) -> dict[str, Any]:
    """Generates a market."""
    started = time.perf_counter()
    write_market(Path(data), market_size(num_events))
    return {"run_s": time.perf_counter() - started}


def by_hand(data: str, out: str) -> dict[str, Any]:
    """Builds the snapshot of the market by hand."""
    started, cpu_s = time.perf_counter(), cpu_seconds()
    phases = [
        f"{time.perf_counter() - started:.2f} s {done}"
        for done in build_by_hand(Path(data), Path(out), AS_OF)
    ]
    return {
        "start_s": 0.0,
        "run_s": time.perf_counter() - started,
        "cpu_s": cpu_seconds() - cpu_s,
        "phases": phases,
    }


def compare(ours: str, theirs: str) -> dict[str, Any]:
    """Compares two snapshots' rows; counts the edges of ours."""
    return {
        "differences": differing_tables(Path(ours), Path(theirs)),
        "num_edges": count_rows(Path(ours), "view=serve/edges/rated"),
    }


def product(config: str, days: list[str], overrides: list[str]) -> dict[str, Any]:
    """Builds the snapshots of days in the given order, in one lake.

    Returns:
        ``start_s``, ``run_s`` (over all days), ``phases`` of the last day (what the job logged
        and when), and per day ``folder`` of its files and ``files``: name -> sha256.
    """
    pipeline = load_pipeline(Path(config), overrides)
    lake, built = Lake(pipeline), {}
    with ExitStack() as stack:
        started = time.perf_counter()
        if pipeline.snapshot.engine == "spark":
            stack.enter_context(open_engine(pipeline, lake))  # the job uses this session
        else:
            with open_engine(pipeline, lake):  # loads the libraries
                pass
        start_s = time.perf_counter() - started
        run_s, cpu_s = 0.0, cpu_seconds()
        for day in days:
            as_of = parse_instant(day)
            with logged() as lines:
                started = time.perf_counter()
                manifest = produce_snapshot(Day(pipeline, as_of)).manifest
                run_s += time.perf_counter() - started
            folder = lake.layout.snapshot(as_of, Day(pipeline, as_of).ref(StepName.SNAPSHOT).id)
            base = open_artifact(lake.storage, folder).base
            files = {name: entry.sha256 for name, entry in manifest.files.items()}
            built[day] = {"folder": str(Path(pipeline.lake.root) / base), "files": files}
        cpu_s = cpu_seconds() - cpu_s
    return {
        "start_s": start_s,
        "run_s": run_s,
        "cpu_s": cpu_s,
        "phases": lines,
        "built": built,
    }


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collects what graphrec logs, with the seconds since the beginning."""
    lines: list[str] = []
    started = time.perf_counter()

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{time.perf_counter() - started:.2f} s {record.getMessage()}")

    collector = Collector()
    loggers = [logging.getLogger(name) for name in ("graphrec_core", "graphrec")]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(collector)
    try:
        yield lines
    finally:
        for logger in loggers:
            logger.removeHandler(collector)


if __name__ == "__main__":
    main()
