"""What is made from earlier releases too: a region's evaluation, and the score of a release."""

from graphrec_core.config import StepName
from graphrec_core.day.day import Day, Ref
from graphrec_core.lake.identity import canonical_json, digest
from graphrec_core.ledger.past import Past
from graphrec_core.ledger.release import ReleasedRegion
from graphrec_core.types import ArtifactId, Region


def evaluation_ref(day: Day, past: Past, region: Region) -> Ref:
    """Names a region's evaluation.

    The recommenders of earlier releases that it compares with are inputs too, each by its shard.
    What a stored release of this day was judged against stays its input, whatever was published or
    backfilled since: a decision that exists is replayed.
    """
    shard_id = day.ref(StepName.SHARD, region).id
    for entry in past.decisions(day.as_of, day.ref(StepName.SNAPSHOT).id, region):
        ref = day.ref(StepName.EVALUATE, region, given=entry.references)
        if entry.evaluation_id == ref.id and entry.candidate_shard_id == shard_id:
            return ref
    memory_days, own = day.config.gate.memory_days, recommender_id(day, region)
    references = past.references(region, day.as_of, memory_days, own)
    return day.ref(StepName.EVALUATE, region, given=references)


def released_before(day: Day, past: Past) -> dict[Region, ReleasedRegion]:
    """Returns what the releases of a horizon before a day served, by region.

    A later release of some regions takes nothing back from the others.
    """
    found: dict[Region, ReleasedRegion] = {}
    for release in past.of_day(day.as_of - day.config.time.horizon):
        found |= release.regions
    return {region: entry for region, entry in sorted(found.items()) if entry.shard_id}


def score_ref(day: Day, past: Past) -> Ref:
    """Names the score of the release of a horizon before a day.

    What served then, how it had been judged and the champions of that day are inputs.
    """
    as_of = day.as_of - day.config.time.horizon
    champions = {region: past.champion(region, as_of) for region in released_before(day, past)}
    served = {
        region: [entry.shard_id, entry.serves, entry.candidate_shard_id, entry.evaluation_id]
        for region, entry in released_before(day, past).items()
    }
    shards = {region: one.shard_id for region, one in champions.items() if one}
    return day.ref(StepName.SCORE, given={"served": digest(served), "champions": digest(shards)})


def recommender_id(day: Day, region: Region) -> ArtifactId:
    """Names what recommends in a region: equal ids propose equal lists on equal views.

    It is made of settings, quotas and trained models; a source's name changes no list.
    """
    day = day.if_chosen(region)
    recommender = day.config.recommender
    sources = [
        {
            "settings": settings.made_by(),
            "quota": settings.quota,
            "model": model_of(day, region, name),
        }
        for name, settings in recommender.sources.items()
    ]
    ranker = recommender.ranker.model_dump(mode="json")
    if recommender.ranker.is_fitted:
        ranker["id"] = day.ref(StepName.RANKER).id
    return digest({"sources": sorted(map(canonical_json, sources)), "ranker": ranker})


def model_of(day: Day, region: Region, source: str) -> str:
    """Names the model of a source: its id, or the name of a scorer, which has no artefact."""
    settings = day.config.recommender.sources[source]
    if not settings.is_trained:
        return settings.model
    return day.ref(StepName.TRAIN, region, source=source).id
