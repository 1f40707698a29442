"""Seconds and peak memory of a step, its child processes (a JVM, samplers) included."""

import threading
import time
from types import TracebackType
from typing import Self

import psutil

SAMPLE_S = 0.25


class Meter:
    """Measures from entering to leaving; readable while it runs."""

    def __init__(self) -> None:
        self.peak_memory_mb = 0.0
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._started_s = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """Seconds since entering."""
        return time.perf_counter() - self._started_s

    def look(self) -> None:
        """Takes one sample of the resident memory now."""
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue  # ended between listing and reading
        self.peak_memory_mb = max(self.peak_memory_mb, total / 2**20)

    def _sample(self) -> None:
        self.look()
        while not self._stop.wait(SAMPLE_S):
            self.look()
