"""Publishes the regions that passed the gate; ends visibly where any was refused."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.looseness import gate_settings
from graphrec_core.day import Day
from graphrec_core.errors import (
    ConfigError,
    DamagedError,
    ExpectationError,
    GateRefusedError,
    GraphrecError,
    NotLiveError,
    RefusedError,
)
from graphrec_core.lake import Artifact, Lake
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.ledger.catalogue import complete
from graphrec_core.ledger.past import Past, read_past
from graphrec_core.ledger.release import Release, read_release
from graphrec_core.ledger.storing import store_release
from graphrec_core.ledger.verdict import Verdict, describe_broken, verdict_of
from graphrec_core.publishing.deciding import (
    decide,
    describe_held,
    describe_undecided,
    describe_warnings,
    pooled_evaluations,
    release_inputs,
    release_note,
)
from graphrec_core.publishing.going_live import go_live
from graphrec_core.publishing.held import held_back
from graphrec_core.publishing.sound import Sound, find_sound, without_damaged_kept
from graphrec_core.types import Region, format_instant

logger = logging.getLogger(__name__)


def publish(day: Day, regions: tuple[Region, ...] = ()) -> Release:
    """Judges, stores the release, swaps LIVE last; the same decision whenever it runs again.

    Args:
        day: The day.
        regions: Regions to publish; none: all of the snapshot.

    Raises:
        ConfigError: The gate is looser than the YAML's, and nobody is named for it.
        NotLiveError: The release is stored, and something that needs a person holds it back.
        DamagedError: An artefact of a region is damaged; the others are published.
        RefusedError: A region's evaluation or shard is missing; the others are published.
        GateRefusedError: The gate refused a region; the others are published.
        ExpectationError: A region of the snapshot is broken; the others are published.
    """
    config, lake = day.config, day.lake
    _require_a_name(config)
    complete(lake)
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    verdict, past = verdict_of(day.open(day.ref(StepName.CHECK))), read_past(lake)
    docs = lake.storage.uri(lake.layout.snapshot_docs(day.as_of))
    verdict.refuse(config.quality.on_broken_region, docs)
    known = list(verdict.kept)
    candidate = _Candidate(day, past, snapshot, verdict, _names(known, regions), not regions)
    sound = {region: find_sound(day, past, region) for region in known}
    release = candidate.release(sound)
    if (checked := without_damaged_kept(lake, release, sound)) != sound:
        release = candidate.release(checked)
    for region, one in checked.items():
        if one.fault:
            logger.error("%s: damaged: %s", region, one.fault)
    release = store_release(lake, release)
    if config.publish.mode != "never":
        go_live(lake, release)
        _say_what_holds(lake, release)
    if release.looser:
        logger.warning("%s", release_note(release))
    _end(candidate, release, checked)
    return release


@dataclass(frozen=True)
class _Candidate:
    """What is published: some regions of a checked snapshot."""

    day: Day
    past: Past
    snapshot: Artifact
    verdict: Verdict
    names: list[Region]
    is_whole: bool

    def release(self, sound: Mapping[Region, Sound]) -> Release:
        """Reads the release of what the regions bring, or makes it."""
        day, config = self.day, self.day.config
        brought = {region: one.brought for region, one in sound.items()}
        inputs = release_inputs(day, self.names, brought, whole=self.is_whole)
        if self.verdict.broken:
            inputs["broken"] = canonical_json(sorted(self.verdict.broken))
        if config.looser:
            inputs["yaml_gate"] = canonical_json(config.yaml_gate)
        release_id = day.ref(StepName.PUBLISH, given=inputs).id
        if day.lake.storage.exists(day.lake.layout.release(release_id)):
            logger.info("release %s is already there", release_id)
            return read_release(day.lake, release_id)
        return Release(
            id=release_id,
            as_of=format_instant(day.as_of),
            snapshot_id=self.snapshot.manifest.id,
            mode=config.publish.mode,
            forced_by=config.publish.forced_by,
            forced_why=config.publish.forced_why,
            regions=decide(day, self.names, brought),
            number=self.past.next_number(day.as_of),
            looser=config.looser,
            gate=gate_settings(config) if config.looser else {},
            yaml_gate=dict(config.yaml_gate) if config.looser else {},
            is_whole=self.is_whole,
            empty_regions=_without_shard(self.snapshot, self.verdict),
            pooled=pooled_evaluations(brought),
        )


def _require_a_name(config: PipelineConfig) -> None:
    if config.looser and not config.publish.is_named and config.publish.mode != "never":
        raise ConfigError(
            must="A run whose gate is looser than the YAML's must say who wants it and why.",
            found="; ".join(config.looser),
            fix="Give publish.forced_by and publish.forced_why, or leave the gate as the YAML has "
            "it; with publish.mode=never a release is stored and does not go live.",
        )


def _say_what_holds(lake: Lake, release: Release) -> None:
    held = held_back(read_past(lake), release)
    if held is None:
        return
    text = f"release {release.id} does not go live: {held.why}. {held.to_do}"
    if held.is_ordinary:
        logger.warning(text)
        return
    raise NotLiveError(
        must="A release must go live once it is published; this one is stored, LIVE stays.",
        found=f"release {release.id} does not go live: {held.why}",
        fix=held.to_do,
    )


def _without_shard(snapshot: Artifact, verdict: Verdict) -> list[Region]:
    """Names the regions that bring nothing: they keep what serves them."""
    return sorted({*snapshot.manifest.figures(SnapshotFigures).empty_regions, *verdict.broken})


def _names(known: Sequence[Region], regions: tuple[Region, ...]) -> list[Region]:
    if unknown := sorted(set(regions) - set(known)):
        raise ConfigError(
            must="Only regions of the snapshot that are not broken can be published.",
            found=f"{', '.join(unknown)}; the snapshot has {', '.join(known)}",
            fix="Name regions of the snapshot, or none for all.",
        )
    return sorted(set(regions)) or list(known)


def _end(candidate: _Candidate, release: Release, sound: Mapping[Region, Sound]) -> None:
    """Logs what a reader of the decision must see, and ends with what is wrong, each said once."""
    refused = describe_held(release)
    broken = dict(candidate.verdict.broken) if candidate.is_whole else {}
    error = _what_is_wrong(candidate, release, sound, refused, broken)
    prefix = "forced although " if release.is_forced else ""
    reasons = {region: prefix + why for region, why in refused.items()} | broken
    for region, why in reasons.items():
        if error is None or why not in error.found:
            logger.warning("%s: %s", region, why)
    for region, which in describe_warnings(release).items():
        logger.warning(
            "%s: too few queries to tell of some, which refuses nobody: %s", region, which
        )
    for region, why in describe_undecided(release).items():
        logger.warning("%s: goes live undecided (gate.undecided is live): %s", region, why)
    if error is not None:
        raise error


def _what_is_wrong(
    candidate: _Candidate,
    release: Release,
    sound: Mapping[Region, Sound],
    refused: Mapping[Region, str],
    broken: Mapping[Region, str],
) -> GraphrecError | None:
    missing = [region for region in candidate.names if not sound[region].brought.is_complete]
    if faults := {region: one.fault for region, one in sound.items() if one.fault}:
        return DamagedError(
            must="Every artefact must be what was committed; the other regions are published.",
            found=" | ".join(f"{region}: {fault}" for region, fault in faults.items()),
            fix="A damaged region keeps what serves it. Remove what is damaged, run the step that "
            "made it again, then publish-release.",
        )
    if missing:
        return RefusedError(
            must="Every region must have its evaluation and its shard; what passed is published.",
            found=f"missing for {', '.join(missing)}; refused: {', '.join(refused) or 'none'}; "
            f"broken: {', '.join(broken) or 'none'}",
            fix="See with status --as-of which step of these regions is missing, run it "
            "and those after it to evaluate-model and build-shard, then publish-release again.",
        )
    if broken and (release.is_forced or not refused):
        return ExpectationError(
            must="Every region must look like the last days' (quality); the others are published.",
            found=describe_broken(broken),
            fix="A broken region keeps its live shard. Correct the source, or change the limits "
            "in quality and start again with check-snapshot.",
        )
    if refused and not release.is_forced:
        return GateRefusedError(
            must="Every region must pass the gate; those that passed are published.",
            found=" | ".join(f"{region}: {why}" for region, why in {**refused, **broken}.items()),
            fix="See the report and docs/gate.md. A refused region keeps its live shard, or its "
            "popular list; an undecided one follows gate.undecided, here "
            f"{candidate.day.config.gate.undecided}: with too few queries take a longer "
            "time.horizon_days, or set `gate: {undecided: live}`.",
        )
    return None
