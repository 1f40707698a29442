"""The naive reference of the past: every release is read, and sorted, and searched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphrec_core.ledger.live import Live
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.ledger.replay import Replayed, replay
from graphrec_core.types import ArtifactId, Region, format_instant, parse_instant


@dataclass(frozen=True)
class NaivePast:
    """All releases, sorted by day, revision, number and id, and the pointer."""

    releases: Sequence[Release]
    live: Live

    def references(self, region: Region, as_of: datetime, memory_days: int) -> dict[str, str]:
        good = list(self._good(region, as_of))
        before = [(instant, entry) for instant, entry in good if instant < as_of]
        own = [entry for instant, entry in good if instant == as_of]
        limit = as_of - timedelta(days=memory_days)
        old = [entry for instant, entry in before if instant <= limit]
        elder = old[:1] or [entry for _, entry in before[-1:]]
        found = {
            "champion": [entry for _, entry in before[:1]],
            "same_day": own[:1],
            "elder": elder if memory_days else [],
        }
        return {name: str(one[0].candidate_shard_id) for name, one in found.items() if one}

    def next_number(self, as_of: datetime) -> int:
        text = format_instant(as_of)
        return 1 + max((one.number for one in self.releases if one.as_of == text), default=0)

    def state(self) -> Replayed:
        by_id = {release.id: release for release in self.releases}
        return replay([by_id[name] for name in self.live.history], self.live.claims)

    def barred(self) -> set[ArtifactId]:
        """Shards that were rolled back, wherever they were listed as a candidate."""
        withdrawn, revived = set[ArtifactId](), set[ArtifactId]()
        for release in self.releases:
            claims = self.live.claims.get(release.id, release.regions)
            for region, entry in release.regions.items():
                shard = entry.candidate_shard_id
                if shard is None:
                    continue
                if release.id in self.live.withdrawn:
                    withdrawn.add(shard)
                elif release.id in self.live.history and region in claims:
                    revived |= {shard} if entry.passed or release.is_forced else set()
        return withdrawn - revived

    def _good(self, region: Region, until: datetime) -> Iterator[tuple[datetime, ReleasedRegion]]:
        barred = self.barred()
        for release in reversed(self.releases):
            instant, entry = parse_instant(release.as_of), release.regions.get(region)
            if entry is None or instant > until or release.mode == "never":
                continue
            if release.id in self.live.withdrawn or entry.candidate_shard_id in barred:
                continue
            was_settled = release.is_forced and entry.verdict == "undecided"
            if was_settled or (entry.passed and not release.looser):
                yield instant, entry
            if was_settled and entry.lacks_reference:
                return
