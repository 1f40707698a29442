"""Reads LIVE.json all the time, as servers do, and remembers what was wrong with it."""

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

POLL_S = 0.001


class LiveReader(threading.Thread):
    """Looks from the ``with`` on, until its end.

    Args:
        root: Folder of the pipeline in the lake.
        regions: The regions that must be live whenever any is.
    """

    def __init__(self, root: Path, regions: Iterable[str]) -> None:
        super().__init__(daemon=True)
        self.root, self.regions, self._stopped = root, sorted(regions), threading.Event()
        self.num_reads, self.faults = 0, list[str]()

    def __enter__(self) -> "LiveReader":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.is_set():
            self.look()
            time.sleep(POLL_S)

    def look(self) -> None:
        """Reads the pointer once."""
        try:
            text = (self.root / "LIVE.json").read_text()
        except FileNotFoundError:
            return
        self.check(text)
        self.num_reads += 1

    def check(self, text: str) -> None:
        """Notes what is wrong with the pointer's text."""
        try:
            live = json.loads(text)
        except ValueError:
            self.faults.append(f"not JSON: {text[:80]!r}")
            return
        if sorted(live["regions"]) != self.regions:
            self.faults.append(f"regions {sorted(live['regions'])}")
        for region, state in live["regions"].items():
            shard = self.root / "shards" / f"region={region}" / state["shard_id"]
            release = self.root / "releases" / f"{state['release_id']}.json"
            if not (shard / "manifest.json").exists() or not release.exists():
                self.faults.append(f"{region} names what is not there")
