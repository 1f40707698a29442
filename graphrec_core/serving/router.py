"""Routes a query node to the live shard of its home region; follows LIVE as it changes."""

import logging
import threading
import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from graphrec_core.errors import GraphrecError
from graphrec_core.index.ann import use_threads
from graphrec_core.index.shard import Shard, open_shard
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.live import Live, read_live
from graphrec_core.retrieval.from_shard import (
    recommend_from_shard,
    recommend_to_stranger,
    sources_of,
)
from graphrec_core.retrieval.recommend import Ranking
from graphrec_core.serving.answer import Answer, Neighbour
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)


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


def open_served(lake: Lake, region: Region, shard_id: ArtifactId, serves: str) -> Served:
    """Opens and verifies one shard.

    Raises:
        LakeError: The shard is missing or damaged.
    """
    folder = lake.layout.shard(region, shard_id)
    return Served(open_shard(open_artifact(lake.storage, folder)), serves)


class Router:
    """Answers query nodes from what is live; safe to share between threads.

    Args:
        lake: The lake.
        check_every_s: Seconds between two looks at LIVE.

    Raises:
        LakeError: A live shard is missing or damaged.
    """

    def __init__(self, lake: Lake, check_every_s: float = 2.0) -> None:
        self._lake, self._check_every_s = lake, check_every_s
        self._loading = threading.Lock()
        use_threads(lake.config.training.num_threads)
        self._state: tuple[Live, dict[Region, Served]] = (Live(), {})
        self._load(read_live(lake))
        self._checked_s = time.monotonic()

    @property
    def live(self) -> Live:
        """The pointer that is served now."""
        return self._state[0]

    @property
    def served(self) -> dict[Region, Served]:
        """The open shards, newest first, then by region."""
        return self._state[1]

    def refresh(self) -> None:
        """Follows LIVE if it changed; on a fault goes on with the shards that are open."""
        if time.monotonic() - self._checked_s < self._check_every_s:
            return
        if not self._loading.acquire(blocking=False):
            return
        try:
            self._checked_s = time.monotonic()
            live = read_live(self._lake)
            if live != self.live:
                self._load(live)
        except (GraphrecError, OSError, pa.ArrowException):
            logger.exception("cannot follow LIVE; release %s goes on", self.live.release_id)
        finally:
            self._loading.release()

    def answer(self, query_id: str, k: int, region: str = "") -> Answer | None:
        """Recommends k candidates to a query node.

        Args:
            query_id: The query node.
            k: Candidates.
            region: Where the node is if no live region is its home: its start node answers, or
                its popular list.

        Returns:
            None where no live region is the node's home, and ``region`` is not live.
        """
        self.refresh()
        for served in self.served.values():
            row = served.home.get(query_id)
            if row is not None:
                rows = np.array([row])
                ranking = next(recommend_from_shard(served.shard, served.serves, rows, k))
                label = served.shard.tables.queries["label"][row].as_py()
                return _answer(served, query_id, label, ranking)
        stranger = self.served.get(Region(region))
        if stranger is None:
            return None
        ranking = recommend_to_stranger(stranger.shard, stranger.serves, k)
        return _answer(stranger, query_id, None, ranking)

    def sample(self) -> str | None:
        """Picks the first active query node, by region and id, preferably with a vector."""
        for region in sorted(self.served):
            shard = self.served[region].shard
            rows = shard.active_home_rows()
            if len(rows) == 0:
                continue
            known = rows[shard.query_vectors[rows].any(axis=1)]
            return str(shard.query_ids[int((known if len(known) else rows)[0])])
        return None

    def _load(self, live: Live) -> None:
        opened = self.served
        served = {}
        for region, entry in live.regions.items():
            old = opened.get(region)
            if old and (old.shard.id, old.serves) == (entry.shard_id, entry.serves):
                served[region] = old
            else:
                served[region] = open_served(self._lake, region, entry.shard_id, entry.serves)
        # A query node may be at home in an older, kept shard too: the newest shard knows best.
        order = sorted(served, key=lambda region: (_reverse(served[region].shard.as_of), region))
        self._state = (live, {region: served[region] for region in order})
        if opened:
            logger.info("now serving release %s: %d regions", live.release_id, len(served))


def _reverse(text: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in text)


def _answer(served: Served, query_id: str, label: str | None, ranking: Ranking) -> Answer:
    shard, found = served.shard, ranking.rows[0] >= 0
    rows, scores = ranking.rows[0][found], ranking.scores[0][found]
    sources = sources_of(shard, ranking)[0][found]
    ids = shard.candidate_ids.take(rows).to_pylist()
    labels = shard.tables.candidates["label"].take(rows).to_pylist()
    items = [
        Neighbour(rank, name, label_of, score, source)
        for rank, (name, label_of, score, source) in enumerate(
            zip(ids, labels, scores.tolist(), sources.tolist(), strict=True), 1
        )
    ]
    return Answer(
        query_id=query_id,
        label=label,
        region=shard.region,
        shard_id=shard.id,
        as_of=shard.as_of,
        serves=served.serves,
        items=items,
    )
