"""What LIVE says after any sequence of publishing and rolling back, against a naive model."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from graphrec_core.errors import ConfigError
from graphrec_core.lake import Lake
from graphrec_core.ledger.live import NOTHING, Live, read_live
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release, ReleasedRegion, read_release
from graphrec_core.ledger.replay import replay
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.going_live import go_live, lower_high_water, roll_back
from graphrec_core.publishing.held import Held, held_back
from graphrec_core.types import ArtifactId, Region, format_instant
from tests.support.snapshots import AS_OF, tiny_config

NUM_SEQUENCES = 60
EAST, WEST = Region("east"), Region("west")
DAYS = [format_instant(AS_OF + timedelta(days=day)) for day in range(9)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tiny_config(tmp_path))


def make(
    name: int, day: int, shards: dict[str, str], refused: str = "", *, mode: str = "auto"
) -> Release:
    """A release that brings ``shards``; a refused region lists its popular list."""
    regions = {
        Region(region): ReleasedRegion.model_validate(
            {
                "shard_id": shard,
                "as_of": DAYS[day],
                "serves": "popular" if region == refused and mode != "force" else "model",
                "passed": region != refused,
                "candidate_shard_id": shard,
            }
        )
        for region, shard in shards.items()
    }
    return Release(
        id=ArtifactId(f"{name:016x}"),
        as_of=DAYS[day],
        snapshot_id=ArtifactId("s"),
        mode=mode,
        regions=regions,
    )


def publish(lake: Lake, release: Release) -> dict[str, str]:
    return shown(go_live(lake, store_release(lake, release)))


def held_by(lake: Lake, release: Release) -> Held | None:
    return held_back(read_past(lake), release)


def shown(live: Live) -> dict[str, str]:
    return {region: served.shard_id for region, served in live.regions.items()}


A = make(0xA, 1, {"east": "e1", "west": "w1"})
B = make(0xB, 1, {"east": "e2", "west": "w2"})


def test_a_replayed_decision_does_not_undo_the_one_of_its_day_that_superseded_it(
    lake: Lake,
) -> None:
    publish(lake, make(1, 0, {"east": "e0", "west": "w0"}))
    publish(lake, A)
    assert publish(lake, B) == {"east": "e2", "west": "w2"}
    before = lake.storage.read(lake.layout.live)
    assert publish(lake, A) == {"east": "e2", "west": "w2"}
    assert lake.storage.read(lake.layout.live) == before
    held = held_by(lake, A)
    assert held is not None
    assert held.is_ordinary
    assert "superseded" in held.why
    assert B.id in held.why


def test_nor_does_a_part_of_it_under_another_name(lake: Lake) -> None:
    publish(lake, A)
    publish(lake, make(0xB, 1, {"east": "e2"}))
    assert publish(lake, make(0xC, 1, {"east": "e1", "west": "w3"})) == {
        "east": "e2",
        "west": "w3",
    }
    assert publish(lake, make(0xD, 1, {"west": "w1"})) == {"east": "e2", "west": "w3"}
    forced = make(0xF, 1, {"east": "e1"}, mode="force")
    assert publish(lake, forced) == {"east": "e1", "west": "w3"}


def test_a_rolled_back_successor_lets_its_predecessor_back(lake: Lake) -> None:
    publish(lake, A)
    publish(lake, B)
    assert shown(roll_back(lake)) == {"east": "e1", "west": "w1"}
    assert publish(lake, A) == {"east": "e1", "west": "w1"}
    assert publish(lake, make(0xC, 1, {"east": "e1"})) == {"east": "e1", "west": "w1"}


def test_the_next_day_may_bring_back_what_was_retired(lake: Lake) -> None:
    publish(lake, A)
    split = make(0xB, 2, {"north": "n2"}).model_copy(update={"is_whole": True})
    assert publish(lake, split) == {"north": "n2"}
    kept = make(0xC, 3, {"east": "e1", "north": "n3"}, refused="east")
    assert publish(lake, kept) == {"east": "e1", "north": "n3"}


@pytest.mark.parametrize("again", ["the same", "forced"])
def test_a_second_rollback_does_not_revive_what_the_first_withdrew(lake: Lake, again: str) -> None:
    yesterday = make(1, 0, {"east": "e0", "west": "w0"})
    first = A.model_copy(update={"mode": "force"})
    publish(lake, yesterday)
    publish(lake, first)
    publish(lake, B)
    third = first if again == "the same" else make(0xF, 1, {"east": "e1"}, mode="force")
    assert publish(lake, third)["east"] == "e1"
    assert shown(roll_back(lake))["east"] == "e2"
    live = roll_back(lake)
    assert live.regions[EAST].shard_id == "e0"
    assert B.id in live.withdrawn
    assert third.id in live.withdrawn
    assert live.regions[WEST].shard_id == ("w0" if again == "the same" else "w1")


def test_a_rollback_does_not_take_back_what_serves_without_what_it_drops(lake: Lake) -> None:
    publish(lake, make(0xA, 1, {"east": "e1"}))
    publish(lake, make(0xB, 1, {"east": "e2"}))
    publish(lake, make(0xF, 1, {"east": "e1"}, mode="force"))  # brings what 0xA had brought
    live = roll_back(lake, ArtifactId(f"{0xA:016x}"))
    assert shown(live) == {"east": "e1"}
    assert live.history == [f"{0xA:016x}"]
    assert live.claims == {f"{0xA:016x}": ["east"]}
    assert live.withdrawn == [f"{0xB:016x}", f"{0xF:016x}"]


def test_a_mistaken_day_needs_a_person_to_lower_the_mark(lake: Lake) -> None:
    publish(lake, make(1, 0, {"east": "e0"}))
    publish(lake, make(2, 8, {"east": "e8"}))
    with pytest.raises(ConfigError, match="newest live day are both"):
        lower_high_water(lake, "ada", "a typing error")
    roll_back(lake)
    today, forced = make(3, 1, {"east": "e1"}), make(4, 1, {"east": "e1"}, mode="force")
    for release in (today, forced):
        assert publish(lake, release) == {"east": "e0"}
        held = held_by(lake, release)
        assert held is not None
        assert not held.is_ordinary
        assert "--lower-high-water" in held.to_do
    for by, why in (("", "why"), ("ada", " ")):
        with pytest.raises(ConfigError, match="who does it and why"):
            lower_high_water(lake, by, why)
    live = lower_high_water(lake, "ada", "a typing error")
    assert live.high_water == DAYS[0]
    assert [record.model_dump() for record in live.lowered] == [
        {"by": "ada", "why": "a typing error", "from_as_of": DAYS[8], "to_as_of": DAYS[0]}
    ]
    assert publish(lake, today) == {"east": "e1"}
    assert held_by(lake, today) is None
    assert publish(lake, make(5, 0, {"east": "e9"}, mode="force")) == {"east": "e1"}
    assert held_by(lake, make(2, 8, {"east": "e8"})) is not None  # it stays withdrawn


def test_a_mistaken_first_day_can_be_taken_down(lake: Lake) -> None:
    publish(lake, make(2, 8, {"east": "e8"}))
    with pytest.raises(ConfigError, match="--to nothing"):
        roll_back(lake)
    assert roll_back(lake, NOTHING).regions == {}
    assert lower_high_water(lake, "ada", "a typing error").high_water == ""
    assert publish(lake, make(3, 1, {"east": "e1"})) == {"east": "e1"}


def test_a_backfill_is_held_back_and_that_is_ordinary(lake: Lake) -> None:
    publish(lake, make(2, 3, {"east": "e3"}))
    held = held_by(lake, store_release(lake, make(1, 2, {"east": "e2"})))
    assert held is not None
    assert held.is_ordinary
    forced = held_by(lake, make(4, 2, {"east": "e2"}, mode="force"))
    assert forced is not None
    assert not forced.is_ordinary  # somebody wanted it live


class Naive:
    """LIVE as a list of claims: which release brought which shard to which region, in order."""

    def __init__(self) -> None:
        self.mark, self.withdrawn = "", dict[str, Release]()
        self.releases = dict[str, Release]()
        self.claims: list[tuple[str, str, str]] = []

    def serving(self) -> dict[str, str]:
        return {region: shard for _, region, shard in self.claims}

    def history(self) -> list[str]:
        return list(dict.fromkeys(name for name, _, _ in self.claims))

    def barred(self) -> set[str]:
        gone = {str(e.shard_id) for r in self.withdrawn.values() for e in r.regions.values()}
        return gone - {shard for _, _, shard in self.claims}

    def publish(self, release: Release) -> None:
        self.releases[release.id] = release
        forced, now = release.mode == "force", self.serving()
        known = self.history() if not forced else []
        if release.as_of < self.mark or release.id in known:
            return
        if not forced and release.id in self.withdrawn:
            return
        claims = [claim for claim in self.claims if claim[0] != release.id]
        own = []
        for region, entry in release.regions.items():
            shard = str(entry.shard_id)
            was_there = any(claim[1:] == (region, shard) for claim in claims)
            if now.get(region) != shard and (forced or not was_there):
                if not forced and shard in self.barred():
                    return
                own.append((release.id, region, shard))
        if own:
            kept = [] if not forced else [c for c in self.claims if c[0] == release.id]
            own = own + [c for c in kept if c[1:] not in {o[1:] for o in own}]
            self.claims = claims + own
            self.withdrawn.pop(release.id, None)
            self.mark = max(self.mark, release.as_of)

    def roll_back(self, num_kept: int) -> None:
        before = self.history()
        kept = before[:num_kept]
        target = [claim for claim in self.claims if claim[0] in kept]
        stays = {(region, shard) for region, shard in {r: s for _, r, s in target}.items()}
        gone = {c[1:] for c in self.claims if c[0] not in kept} - stays
        self.claims = [claim for claim in target if claim[1:] not in gone]
        for name in set(before) - set(self.history()):
            self.withdrawn[name] = self.releases[name]


def draw_releases(rng: np.random.Generator, *, any_kind: bool) -> list[Release]:
    """Eight releases of three days that share shards; ids are their places."""
    made = []
    for name in range(8):
        day = int(rng.choice([0, 1, 1, 1, 2]))
        regions = [("east",), ("west",), ("east", "west"), ("east", "west")][rng.integers(4)]
        shards = {region: f"{region[0]}{day}{rng.integers(3)}" for region in regions}
        refused = ("", "", "east", "west")[rng.integers(4)] if any_kind else ""
        mode = "force" if rng.random() < 0.3 else "auto"
        release = make(name, day, shards, refused, mode=mode)
        is_whole = any_kind and bool(rng.random() < 0.3)
        made.append(release.model_copy(update={"is_whole": is_whole}))
    return made


def draw_moves(rng: np.random.Generator) -> list[tuple[str, int]]:
    kinds = ["publish"] * 6 + ["back", "back", "to", "lower"]
    return [(kinds[rng.integers(len(kinds))], int(rng.integers(8))) for _ in range(25)]


def move(lake: Lake, made: list[Release], kind: str, number: int) -> Live:
    """Makes one move; one that is refused leaves LIVE as it is."""
    history = read_live(lake).history
    try:
        if kind == "publish":
            return go_live(lake, store_release(lake, made[number % len(made)]))
        if kind == "lower":
            return lower_high_water(lake, "ada", "a test")
        return roll_back(
            lake, history[number % len(history)] if kind == "to" and history else None
        )
    except ConfigError:
        return read_live(lake)


@pytest.mark.parametrize("seed", range(NUM_SEQUENCES))
def test_any_sequence_serves_what_a_naive_model_serves(lake: Lake, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made, moves = draw_releases(rng, any_kind=False), draw_moves(rng)
    naive = Naive()
    for kind, number in moves:
        before = read_live(lake)
        live = move(lake, made, kind, number)
        if kind == "publish":
            naive.publish(made[number % len(made)])
        elif kind == "lower":
            naive.mark = live.high_water
        elif live != before:
            num_kept = len(before.history) - 1
            if kind == "to":
                num_kept = number % len(before.history) + 1
            naive.roll_back(num_kept)
        assert shown(live) == naive.serving()
        assert live.history == naive.history()
        assert live.withdrawn == sorted(naive.withdrawn)
        assert live.high_water == naive.mark


@pytest.mark.parametrize("seed", range(NUM_SEQUENCES))
def test_any_sequence_keeps_the_pointers_promises(lake: Lake, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made, moves = draw_releases(rng, any_kind=True), draw_moves(rng)
    withdrawn = set[tuple[str, str]]()
    for kind, number in moves:
        before = read_live(lake)
        live = move(lake, made, kind, number)
        own = [read_release(lake, name) for name in live.history]
        state = replay(own, live.claims)
        assert dict(state.regions) == live.regions, "regions follow from history and claims"
        assert set(live.claims) == set(live.history)
        assert all(live.claims.values()), "each changed something"
        assert len(set(live.history)) == len(live.history), "no id twice"
        assert not set(live.history) & set(live.withdrawn)
        days = [release.as_of for release in own]
        assert days == sorted(days), "never a later day before an earlier one"
        assert live.high_water >= max(days, default="")
        if kind != "lower":
            assert live.high_water >= before.high_water
        if kind == "publish" and live.regions != before.regions:
            assert own[-1].as_of >= before.high_water, "a backfill never moves the pointer"
        if kind == "publish" and made[number % len(made)].mode == "force":
            withdrawn -= {(region, served.shard_id) for region, served in live.regions.items()}
        if kind in ("back", "to"):
            after = set(shown(live).items())
            withdrawn |= set(shown(before).items()) - after
        assert not withdrawn & set(shown(live).items()), "what was withdrawn needs force"
        again = lake.storage.read(lake.layout.live) if live != Live() else b""
        for release in own:
            if release.mode != "force":
                go_live(lake, release)
        assert again == (lake.storage.read(lake.layout.live) if live != Live() else b"")
