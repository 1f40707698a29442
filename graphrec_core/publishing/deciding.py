"""What a release says of each region: its candidate, judged on itself and on the pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from graphrec_core.config import StepName
from graphrec_core.day import Day, evaluation_ref, recommender_id
from graphrec_core.evaluation.evidence import Evidence, pool_queries, without_sources
from graphrec_core.evaluation.rules import judge
from graphrec_core.evaluation.settling import holding, settle, verdict_of
from graphrec_core.lake import Artifact
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.records import EvaluationFigures, GateDecision, ShardFigures
from graphrec_core.ledger.past import RELEASED, Past
from graphrec_core.ledger.release import Release, ReleasedRegion, released_region
from graphrec_core.types import ArtifactId, Region, format_instant


@dataclass(frozen=True)
class Brought:
    """What one region brings to a release; None where it is missing.

    Attributes:
        evaluation: How its model was judged.
        shard: Its candidate.
        kept: The entry of a release whose shard it keeps where the candidate is refused.
        number: Place of the decision among those of its day.
    """

    evaluation: Artifact | None
    shard: Artifact | None
    kept: ReleasedRegion | None
    number: int

    @property
    def is_complete(self) -> bool:
        """Whether the gate can decide."""
        return self.evaluation is not None and self.shard is not None


def find_brought(day: Day, past: Past, region: Region) -> Brought:
    """Looks up what a region brings."""
    evaluation, shard = evaluation_ref(day, past, region), day.ref(StepName.SHARD, region)
    return Brought(
        day.find(evaluation),
        day.find(shard),
        past.kept(region, day.as_of),
        past.number_of(day.as_of, region, evaluation.id, shard.id),
    )


def pooled_evaluations(brought: Mapping[Region, Brought]) -> dict[Region, ArtifactId]:
    """Names the evaluations there are, by region."""
    return {
        region: one.evaluation.manifest.id for region, one in brought.items() if one.evaluation
    }


def release_inputs(
    day: Day, names: Sequence[Region], brought: Mapping[Region, Brought], *, whole: bool
) -> dict[str, str]:
    """Returns what a release's id is made of.

    What a refused region keeps is no part of it: it follows from the champions of the day the
    release was made, and a release that exists is replayed whatever was backfilled since.

    Args:
        day: The day.
        names: The regions to publish.
        brought: What every region of the snapshot brings; all evaluations are pooled.
        whole: Whether all regions are published.
    """
    inputs = {
        "snapshot": day.ref(StepName.SNAPSHOT).id,
        "regions": canonical_json([*names]),
        "whole": str(whole),
    }
    for region, evaluation_id in pooled_evaluations(brought).items():
        inputs[f"evaluation:{region}"] = evaluation_id
    for region in names:
        shard = brought[region].shard
        if shard is not None:
            inputs[f"shard:{region}"] = shard.manifest.id
    return inputs


def decide(
    day: Day,
    names: Sequence[Region],
    brought: Mapping[Region, Brought],
) -> dict[Region, ReleasedRegion]:
    """Judges each region; what its own queries leave undecided is judged on all regions pooled.

    Args:
        day: The day.
        names: The regions to publish.
        brought: What every region of the snapshot brings.
    """
    pool = judge_pool(day, brought)
    return {region: _entry(day, region, brought[region], pool) for region in names}


def judge_pool(day: Day, brought: Mapping[Region, Brought]) -> list[GateDecision]:
    """Judges the queries of all regions together; nothing without an evaluation.

    Rankers by those of the regions alone whose recommender has a fitted one.
    """
    tables, config = list[pa.Table](), day.config
    for region, one in brought.items():
        if one.evaluation is not None:
            queries = one.evaluation.read_table("queries.parquet")
            is_fitted = day.if_chosen(region).is_fitted
            tables.append(queries if is_fitted else without_sources(queries))
    if not tables:
        return []
    pool = pool_queries(tables)
    return judge(Evidence(config.gate, config.evaluation, pool, pooled=True, is_fitted=True))


def describe_held(release: Release) -> dict[Region, str]:
    """Says which regions the gate kept from going live by itself, and which rules did."""
    return {
        region: f"{entry.verdict}: {_reasons(entry)}"
        for region, entry in release.regions.items()
        if entry.verdict is not None and not entry.passed
    }


def describe_undecided(release: Release) -> dict[Region, str]:
    """Says which regions went live although rules are undecided, and which rules."""
    return {
        region: _reasons(entry)
        for region, entry in release.regions.items()
        if entry.verdict == "undecided" and entry.passed
    }


def describe_warnings(release: Release) -> dict[Region, str]:
    """Says which slices were too small to tell, with their own queries."""
    found: dict[Region, str] = {}
    for region, entry in release.regions.items():
        small = {rule.slice: rule.num_queries for rule in entry.rules if rule.is_warning}
        if small:
            found[region] = ", ".join(f"{name} ({num:,} queries)" for name, num in small.items())
    return found


def release_note(release: Release) -> str:
    """Says who overruled the gate or made it looser, and why; empty where nobody did."""
    who = f"by {release.forced_by}: {release.forced_why}"
    forced = f"Forced {who}." if release.is_forced else ""
    if not release.looser:
        return forced
    how = "; ".join(release.looser)
    return f"{forced} The gate was looser than the YAML's, {who} ({how}).".strip()


def _reasons(entry: ReleasedRegion) -> str:
    return "; ".join(rule.describe() for rule in holding(entry.rules))


def _entry(day: Day, region: Region, brought: Brought, pool: list[GateDecision]) -> ReleasedRegion:
    rules: list[GateDecision] = []
    if brought.evaluation and brought.shard:
        own = brought.evaluation.manifest.figures(EvaluationFigures).rules
        index = brought.shard.manifest.figures(ShardFigures).rules
        rules = [*settle(own, pool), *index]
    judged, shard = brought.evaluation, brought.shard
    candidate = ReleasedRegion(
        shard_id=shard.manifest.id if shard else None,
        as_of=format_instant(day.as_of) if shard else None,
        serves="model",
        passed=False,  # released_region decides
        verdict=verdict_of(rules) if rules else None,
        rules=tuple(rules),
        evaluation_id=judged.manifest.id if judged else None,
        references=_references_of(judged),
        candidate_shard_id=shard.manifest.id if shard else None,
        recommender_id=recommender_id(day, region),
        number=brought.number,
    )
    forced = day.config.publish.mode == "force" and judged is not None
    undecided = day.config.gate.undecided
    return released_region(candidate, brought.kept, undecided=undecided, forced=forced)


def _references_of(evaluation: Artifact | None) -> dict[str, ArtifactId]:
    inputs = evaluation.manifest.inputs if evaluation else {}
    return {name: ArtifactId(inputs[name]) for name in RELEASED if name in inputs}
