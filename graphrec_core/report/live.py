"""What serves each region now, and how it was judged when it was published."""

from collections.abc import Iterator
from dataclasses import dataclass

from graphrec_core.config import PipelineConfig
from graphrec_core.evaluation.settling import holding
from graphrec_core.lake import Lake, find_artifact
from graphrec_core.lake.records import GateDecision
from graphrec_core.ledger.catalogue import Catalogue
from graphrec_core.ledger.live import Live, read_live
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.release import Release, ReleasedRegion
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.publishing.deciding import release_note
from graphrec_core.publishing.held import held_back, stuck_mark
from graphrec_core.publishing.sound import fault_of_shard
from graphrec_core.report.collect import evaluation_result, shard_result
from graphrec_core.report.day import DayReport, EvaluationResult, Gate, RegionDay, ShardResult
from graphrec_core.report.found import Damages, note_damaged_releases
from graphrec_core.types import ArtifactId, Region


@dataclass(frozen=True)
class LiveState:
    """What serves one region; None where its artefact is missing.

    Attributes:
        live: The pointer's entry; None where nothing serves the region.
        gate: How the candidate of the release behind ``live`` was judged; where nothing serves,
            how the region was judged last.
        rules: Every rule in that judgement.
        evaluation: That judgement's evaluation.
        shard: The shard that serves; where nothing serves, the one that was judged.
    """

    live: LiveRegion | None
    gate: Gate
    rules: tuple[GateDecision, ...]
    evaluation: EvaluationResult | None
    shard: ShardResult | None

    @property
    def refusals(self) -> tuple[GateDecision, ...]:
        """The rules that held the region back: those that failed, or else the undecided ones."""
        return holding(self.rules)


@dataclass(frozen=True)
class LivePointer:
    """The pointer with figures.

    Attributes:
        pipeline: The pipeline.
        high_water: The greatest as_of that ever went live.
        release_id: The release that last changed the pointer.
        regions: Every region known to the pointer, or to the day or else the newest release.
        notes: Release behind the pointer -> who overruled the gate or made it looser, and why.
        warnings: What is damaged, and what keeps releases from going live.
        is_known: Whether LIVE can be read; if not, nothing is said of what serves.
    """

    pipeline: str
    high_water: str
    release_id: ArtifactId | None
    regions: dict[Region, LiveState]
    notes: dict[ArtifactId, str]
    warnings: tuple[str, ...]
    is_known: bool = True


def collect_live(config: PipelineConfig, day: DayReport | None = None) -> LivePointer:
    """Reads LIVE and, for each region, the evaluation and the shard behind it.

    Every file of every live shard is read, to see that it is what was committed.

    Args:
        config: The pipeline.
        day: Names further regions, which nothing may serve; None: the newest release does.
    """
    lake = Lake(config)
    damaged, pointer = Damages(), Live()
    with damaged.noted("LIVE"):
        pointer = read_live(lake)
    is_known = not damaged
    past = Past(Catalogue(lake), pointer)
    find = past.catalogue.find
    states: dict[Region, LiveState] = {}
    if day is not None:
        states = _day_states(day)
    elif (newest := past.catalogue.newest()) is not None:
        entries = newest.regions.items()
        states = {region: _state(lake, damaged, region, None, entry) for region, entry in entries}
    for region, live in pointer.regions.items():
        release = find(live.release_id)
        entry = release.regions.get(region) if release else None
        states[region] = _state(lake, damaged, region, live, entry)
    behind = sorted({live.release_id for live in pointer.regions.values()})
    releases = filter(None, map(find, behind))
    notes = {release.id: note for release in releases if (note := release_note(release))}
    held = tuple(_what_holds(past, day.release if day else None)) if is_known else ()
    note_damaged_releases(past, damaged)
    return LivePointer(
        pipeline=config.pipeline,
        high_water=pointer.high_water,
        release_id=pointer.release_id,
        regions=dict(sorted(states.items())),
        notes=notes,
        warnings=(
            *(f"{what} is damaged: {why}" for what, why in damaged.items()),
            *_damaged_shards(lake, pointer),
            *held,
        ),
        is_known=is_known,
    )


def _damaged_shards(lake: Lake, pointer: Live) -> Iterator[str]:
    for region, live in pointer.regions.items():
        if fault := fault_of_shard(lake, region, live.shard_id):
            yield f"{region} is served by a damaged shard: {fault}"


def _what_holds(past: Past, release: Release | None) -> Iterator[str]:
    """Says what keeps every earlier day, and the day's own release, from going live."""
    if stuck := stuck_mark(past):
        yield stuck
    if release is None or release.mode == "never":
        return
    if (held := held_back(past, release)) is not None:
        yield f"release {release.id} is not live: {held.why}. {held.to_do}"


def _day_states(day: DayReport) -> dict[Region, LiveState]:
    skipped = {
        Region(name): LiveState(None, "missing", (), None, None) for name in day.empty_regions
    }
    return {**skipped, **{region.region: _unserved(region) for region in day.regions}}


def _unserved(region: RegionDay) -> LiveState:
    return LiveState(None, region.gate, region.rules, region.evaluation, region.shard)


def _state(
    lake: Lake,
    damaged: Damages,
    region: Region,
    live: LiveRegion | None,
    entry: ReleasedRegion | None,
) -> LiveState:
    judged, found, shard = None, None, None
    if entry is not None and entry.evaluation_id is not None:
        with damaged.noted(f"the evaluation of {region}"):
            folder = lake.layout.evaluation(region, entry.evaluation_id)
            evaluation = find_artifact(lake.storage, folder)
            judged = evaluation_result(evaluation) if evaluation else None
    shard_id = live.shard_id if live else entry.candidate_shard_id if entry else None
    if shard_id is not None:
        # What is wrong with a shard that serves is said apart, with all its files.
        with (Damages() if live else damaged).noted(f"the shard of {region}"):
            found = find_artifact(lake.storage, lake.layout.shard(region, shard_id))
    with damaged.noted(f"the shard of {region}"):
        shard = shard_result(found) if found else None
    return LiveState(
        live=live,
        gate=_gate(entry),
        rules=entry.rules if entry else (),
        evaluation=judged,
        shard=shard,
    )


def _gate(entry: ReleasedRegion | None) -> Gate:
    """Says how a release judged a region; a release that lacks its parts did not judge it."""
    if entry is None or None in (entry.evaluation_id, entry.candidate_shard_id):
        return "missing"
    return entry.verdict or "missing"
