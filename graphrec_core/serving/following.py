"""Following LIVE region by region: one that cannot be loaded stops no other.

A region is ``ok`` where it answers from what LIVE names, ``stale`` where it goes on with the last
shard that could be loaded, ``unavailable`` where there is none. LIVE itself may be gone, damaged
or unreadable: then every region that is loaded goes on and is ``stale``, as nobody knows better.
What failed is tried again, each time after twice as long, up to ``MAX_WAIT`` looks.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.ledger.live import Live, find_live
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.retrieval.shard import Shard, open_shard
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)

MAX_WAIT = 32
"""Most looks at LIVE from one try at loading a damaged shard to the next."""

State = Literal["ok", "stale", "unavailable"]


@dataclass(frozen=True)
class Served:
    """A shard and how it serves."""

    shard: Shard
    serves: str

    @cached_property
    def home(self) -> dict[str, int]:
        """Row of each query node at home here, by id."""
        rows = self.shard.home_rows()
        ids = self.shard.query_ids.take(rows).to_pylist()
        return dict(zip(ids, rows.tolist(), strict=True))


@dataclass(frozen=True)
class Followed:
    """One region of LIVE.

    Attributes:
        wanted: What LIVE names.
        served: What answers; None: nothing could be loaded yet.
        entry: The entry of LIVE that ``served`` was loaded for.
        fault: Why ``wanted`` could not be loaded; empty: it was.
        num_failed: Tries since it could be.
        num_waited: Looks since the last try.
    """

    wanted: LiveRegion
    served: Served | None = None
    entry: LiveRegion | None = None
    fault: str = ""
    num_failed: int = 0
    num_waited: int = 0

    @property
    def state(self) -> State:
        """How well it serves."""
        if self.served is None:
            return "unavailable"
        return "stale" if self.fault else "ok"


@dataclass(frozen=True)
class Picture:
    """What is followed at one moment.

    Attributes:
        live: The pointer as it was read last.
        regions: Its regions.
        fault: Why the pointer could not be read since; empty: it could.
    """

    live: Live = field(default_factory=Live)
    regions: Mapping[Region, Followed] = field(default_factory=dict)
    fault: str = ""

    @cached_property
    def served(self) -> dict[Region, Served]:
        """The open shards, newest first, then by region.

        A query node may be at home in an older, kept shard too: the newest shard knows best.
        """
        known = {name: one.served for name, one in self.regions.items() if one.served is not None}
        by_region = sorted(known.items())
        return dict(sorted(by_region, key=lambda item: item[1].shard.as_of, reverse=True))

    @property
    def unavailable(self) -> dict[Region, str]:
        """Why regions cannot answer."""
        return {
            region: one.fault for region, one in self.regions.items() if one.state == "unavailable"
        }

    def state(self, region: Region) -> State:
        """How well a region serves; at best stale where the pointer cannot be read."""
        state = self.regions[region].state
        return "stale" if self.fault and state == "ok" else state


class Follower:
    """Keeps the shards of what is live open; safe to share between threads.

    Args:
        lake: The lake.
        check_every_s: Seconds between two looks at LIVE.
    """

    def __init__(self, lake: Lake, check_every_s: float) -> None:
        self._lake, self._check_every_s = lake, check_every_s
        self._loading = threading.Lock()
        self.picture = Picture()
        self._follow()
        self._checked_s = time.monotonic()

    def refresh(self) -> None:
        """Follows LIVE, at most every ``check_every_s`` seconds and in one thread at a time."""
        if time.monotonic() - self._checked_s < self._check_every_s:
            return
        if not self._loading.acquire(blocking=False):
            return
        try:
            self._checked_s = time.monotonic()
            self._follow()
        finally:
            self._loading.release()

    def _follow(self) -> None:
        before = self.picture
        live, fault = self._read(before)
        if fault != before.fault:
            if fault:
                logger.error("cannot follow LIVE, what is loaded goes on: %s", fault)
            else:
                logger.info("LIVE can be read again")
        regions = {
            region: self._load(region, wanted, before.regions.get(region))
            for region, wanted in live.regions.items()
        }
        if live.release_id != before.live.release_id:
            logger.info("following release %s: %d regions", live.release_id, len(regions))
        self.picture = Picture(live, regions, fault)

    def _read(self, before: Picture) -> tuple[Live, str]:
        try:
            live = find_live(self._lake)
        except Exception as error:  # whatever a store raises: what is loaded goes on
            if isinstance(error, ConfigError) and before.live == Live():
                raise  # a lake that cannot be, found at the start
            return before.live, _one_line(error)
        if live is None and before.live != Live():
            return before.live, f"{self._lake.storage.uri(self._lake.layout.live)} is gone"
        return live or Live(), ""

    def _load(self, region: Region, wanted: LiveRegion, before: Followed | None) -> Followed:
        old = before or Followed(wanted)
        if old.entry is not None and _is_same(old.entry, wanted):
            return Followed(wanted, old.served, wanted)
        is_new = not _is_same(old.wanted, wanted)
        if not is_new and old.num_waited < min(2 ** min(old.num_failed, 6) - 2, MAX_WAIT):
            return replace(old, num_waited=old.num_waited + 1)
        try:
            served = open_served(self._lake, region, wanted.shard_id, wanted.serves)
        except Exception as error:  # one broken region stops no other, whatever is wrong with it
            fault = _one_line(error)
            if fault != old.fault or is_new:
                goes_on = old.served.shard.id if old.served else "nothing"
                logger.error("%s: %s goes on: %s", region, goes_on, fault)
            num_failed = 1 if is_new else old.num_failed + 1
            return Followed(wanted, old.served, old.entry, fault, num_failed)
        logger.info("%s: now serving shard %s of %s", region, served.shard.id, wanted.as_of)
        return Followed(wanted, served, wanted)


def open_served(lake: Lake, region: Region, shard_id: ArtifactId, serves: str) -> Served:
    """Opens and verifies one shard.

    Raises:
        LakeError: The shard is missing or damaged.
    """
    folder = lake.layout.shard(region, shard_id)
    return Served(open_shard(open_artifact(lake.storage, folder)), serves)


def _is_same(one: LiveRegion, other: LiveRegion) -> bool:
    return (one.shard_id, one.serves) == (other.shard_id, other.serves)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
