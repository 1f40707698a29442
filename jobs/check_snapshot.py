"""check-snapshot: compares a built snapshot with the last days; broken regions do not go on."""

from datetime import datetime

from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake, Manifest, open_artifact
from graphrec_core.ledger.chain import Chain
from graphrec_core.quality.snapshot_suites import check_snapshot


def run(config: PipelineConfig, as_of: datetime) -> Manifest:
    """Judges the day's snapshot unless these limits judged it before.

    Raises:
        LakeError: The day has no snapshot.
        ExpectationError: No region may go on.
    """
    lake, chain = Lake(config), Chain(config, as_of)
    snapshot = open_artifact(lake.storage, lake.layout.snapshot(as_of, chain.snapshot_id()))
    return check_snapshot(config, as_of, snapshot).manifest
