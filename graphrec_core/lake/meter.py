"""Seconds and peak memory of this process, its child processes (a JVM, samplers) included.

A step by hand is a process of its own, so what it took is what its process took, imports
included. Where one process makes several results, each ``take`` begins the next one's figures: its
own seconds, and the peak of the whole process meanwhile, what earlier ones left in it included.
"""

import threading
import time
from functools import cache
from typing import Any

import psutil

SAMPLE_S = 0.25


class Meter:
    """Measures from its making on, in a background thread, for as long as the process lives."""

    def __init__(self) -> None:
        self._process, self._children = psutil.Process(), list[psutil.Process]()
        self.restart()
        threading.Thread(target=self._sample, daemon=True).start()

    def restart(self) -> None:
        """Forgets what was measured so far."""
        self._started_s, self._peak_memory_mb = time.perf_counter(), 0.0

    def take(self) -> dict[str, Any]:
        """Returns ``seconds`` and ``peak_memory_mb`` (resident), and begins anew."""
        self._look()
        taken = {
            "seconds": round(time.perf_counter() - self._started_s, 3),
            "peak_memory_mb": round(self._peak_memory_mb, 1),
        }
        self.restart()
        return taken

    def _look(self) -> None:
        total = 0
        for process in (self._process, *self._children):
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue  # ended between listing and reading
        self._peak_memory_mb = max(self._peak_memory_mb, total / 2**20)

    def _sample(self) -> None:
        while True:
            # It asks every process of the machine whose child it is: not at each look.
            self._children = self._process.children(recursive=True)
            self._look()
            time.sleep(SAMPLE_S)


@cache
def process_meter() -> Meter:
    """Returns this process's one meter; the first call starts it."""
    return Meter()
