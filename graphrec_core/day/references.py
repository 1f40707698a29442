"""What a region's evaluation is made from: its vectors, and models of earlier releases."""

from graphrec_core.config import StepName
from graphrec_core.day.day import Day, Ref
from graphrec_core.ledger.past import Past
from graphrec_core.types import Region


def evaluation_ref(day: Day, past: Past, region: Region) -> Ref:
    """Names a region's evaluation.

    The models of earlier releases that it compares with are inputs too. What a stored release of
    this day was judged against stays its input, whatever was published or backfilled since: a
    decision that exists is replayed.
    """
    shard_id = day.ref(StepName.SHARD, region).id
    for entry in past.decisions(day.as_of, day.ref(StepName.SNAPSHOT).id, region):
        ref = day.ref(StepName.EVALUATE, region, given=entry.references)
        if entry.evaluation_id == ref.id and entry.candidate_shard_id == shard_id:
            return ref
    own = day.ref(StepName.TRAIN, region).id
    references = past.references(region, day.as_of, day.config.gate.memory_days, own)
    return day.ref(StepName.EVALUATE, region, given=references)
