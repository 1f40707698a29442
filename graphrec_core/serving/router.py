"""Routes a query node to the live shard of its home region."""

from dataclasses import replace
from itertools import compress

import numpy as np

from graphrec_core.errors import UnavailableError
from graphrec_core.index.ann import use_threads
from graphrec_core.lake import Lake
from graphrec_core.retrieval.explain import explain
from graphrec_core.retrieval.from_shard import (
    recommend_from_shard,
    recommend_to_stranger,
)
from graphrec_core.retrieval.recommend import POPULAR, Ranking
from graphrec_core.serving.answer import Answer, Neighbour
from graphrec_core.serving.following import Follower, Picture, Served
from graphrec_core.types import Region


class Router:
    """Answers query nodes from what is live; safe to share between threads.

    A region that cannot be loaded stops no other, at the start neither (see ``following``).

    Args:
        lake: The lake.
        check_every_s: Seconds between two looks at LIVE.
    """

    def __init__(self, lake: Lake, check_every_s: float = 2.0) -> None:
        use_threads(lake.config.index.num_threads)
        self._follower = Follower(lake, check_every_s)

    @property
    def picture(self) -> Picture:
        """What is followed, as of the last look."""
        return self._follower.picture

    @property
    def served(self) -> dict[Region, Served]:
        """The open shards, newest first, then by region."""
        return self.picture.served

    def refresh(self) -> None:
        """Follows LIVE if it is time; what cannot be followed goes on as it is."""
        self._follower.refresh()

    def answer(
        self, query_id: str, k: int, region: str = "", *, with_why: bool = False
    ) -> Answer | None:
        """Recommends k candidates to a query node.

        Args:
            query_id: The query node.
            k: Candidates.
            region: Where the node is if no live region is its home: the sources that ask nothing
                about a query answer, and the popular list.
            with_why: Say of each candidate why it stands there; of queries with a home alone.

        Returns:
            None where no live region is the node's home, and ``region`` is not live.

        Raises:
            UnavailableError: It may be at home in a region, or ``region`` is one, that is live
                and cannot be loaded.
        """
        self.refresh()
        picture = self.picture
        for served in picture.served.values():
            row = served.home.get(query_id)
            if row is not None:
                rows = np.array([row])
                ranking = next(recommend_from_shard(served.shard, served.serves, rows, k))
                title = served.shard.tables.queries["title"][row].as_py()
                found = _answer(served, query_id, title, ranking)
                return _explained(found, served, ranking) if with_why else found
        stranger = picture.served.get(Region(region))
        if stranger is None:
            self.refuse_unavailable()
            return None
        ranking = recommend_to_stranger(stranger.shard, stranger.serves, k)
        return _answer(stranger, query_id, None, ranking)

    def refuse_unavailable(self) -> None:
        """Raises where not every live region is loaded.

        Raises:
            UnavailableError: A live region cannot be loaded, or LIVE cannot be read and none is.
        """
        picture = self.picture
        unavailable = {str(region): fault for region, fault in picture.unavailable.items()}
        if picture.fault and not picture.served:
            unavailable["LIVE.json"] = picture.fault
        if unavailable:
            raise UnavailableError(
                must="Every live region must be loaded to know where a query node is at home.",
                found="; ".join(f"{region}: {fault}" for region, fault in unavailable.items()),
                fix="Restore the shard, publish another day, or `graphrec rollback-release`; a "
                "server tries again by itself.",
            )

    def sample(self) -> str | None:
        """Picks the first active query node, by region and id, preferably a known one."""
        for region in sorted(self.served):
            shard = self.served[region].shard
            rows = shard.active_home_rows()
            if len(rows) == 0:
                continue
            known = rows[shard.known_queries[rows]]
            return str(shard.query_ids[int((known if len(known) else rows)[0])])
        return None


def _explained(answer: Answer, served: Served, ranking: Ranking) -> Answer:
    """Says of each candidate of a known query why it stands there."""
    found = ranking.rows[0][ranking.rows[0] >= 0]
    if served.serves != "model":
        return answer
    reasons = explain(served.shard, int(ranking.query_rows[0]), found)
    items = [replace(one, why=why) for one, why in zip(answer.items, reasons, strict=True)]
    return replace(answer, items=items)


def _answer(served: Served, query_id: str, title: str | None, ranking: Ranking) -> Answer:
    shard, found = served.shard, ranking.rows[0] >= 0
    rows, scores = ranking.rows[0][found], ranking.scores[0][found]
    is_from = ranking.proposed_by[0][found].tolist()
    ids = shard.candidate_ids.take(rows).to_pylist()
    titles = shard.tables.candidates["title"].take(rows).to_pylist()
    items = [
        Neighbour(rank, name, title_of, score, list(compress(ranking.names, marks)) or [POPULAR])
        for rank, (name, title_of, score, marks) in enumerate(
            zip(ids, titles, scores.tolist(), is_from, strict=True), 1
        )
    ]
    return Answer(
        query_id=query_id,
        title=title,
        region=shard.region,
        shard_id=shard.id,
        as_of=shard.as_of,
        serves=served.serves,
        items=items,
    )
