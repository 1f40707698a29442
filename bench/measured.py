"""Runs work in a process of its own and watches the memory of its whole process tree."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import psutil

NUM_CORES = 2
"""Cores that measured work may use, whatever the machine has."""
SAMPLE_S = 0.1
GB = 1e9


class WorkFailedError(Exception):
    """The process ended with an error; the message holds the end of what it wrote."""


def run_measured(module: str, request: dict[str, Any]) -> dict[str, Any]:
    """Runs ``python -m module '<request as JSON>'``.

    Returns:
        The JSON of its last line, and the figures of ``watch``.

    Raises:
        WorkFailedError: The process ended with an error.
    """
    output, figures = watch([sys.executable, "-m", module, json.dumps(request)])
    return {**json.loads(output.strip().splitlines()[-1]), **figures}


def watch(command: Sequence[str]) -> tuple[str, dict[str, float]]:
    """Runs a program.

    Returns:
        What it wrote, and ``wall_s`` (start of Python and imports included) and ``peak_gb``: the
        largest sum of the resident memory of the process and all its children, a JVM too, sampled
        ten times a second.

    Raises:
        WorkFailedError: The process ended with an error.
    """
    started, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(command, stdout=output, stderr=errors, text=True) as process:
            watched = psutil.Process(process.pid)
            while process.poll() is None:
                peak = max(peak, resident_bytes(watched))
                time.sleep(SAMPLE_S)
        wall_s = time.perf_counter() - started
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            raise WorkFailedError(
                f"{command} ended with {process.returncode}: {errors.read()[-2000:]}"
            )
        return output.read(), {"wall_s": wall_s, "peak_gb": peak / GB}


def use_cores(number: int) -> None:
    """Keeps this process and its children, a JVM too, on the first ``number`` cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:number])


def cpu_seconds() -> float:
    """Returns the CPU time that this process and its living children have used."""
    own = psutil.Process()
    times = [member.cpu_times() for member in (own, *own.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


def resident_bytes(process: psutil.Process) -> int:
    """Sums the resident memory of a process and of all that it started.

    A child with the command line of its parent has not loaded its own program yet and shares the
    parent's pages, as when a JVM runs a command: it counts nothing.
    """
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    found: dict[int, tuple[int, list[str], int]] = {}
    for member in family:
        try:
            found[member.pid] = member.ppid(), member.cmdline(), member.memory_info().rss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return sum(
        resident
        for parent, command, resident in found.values()
        if parent not in found or found[parent][1] != command
    )
