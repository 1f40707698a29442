"""train-model: trains the encoders among a region's sources on a snapshot's views."""

import logging
from collections.abc import Sequence

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.errors import RefusedError
from graphrec_core.lake import Manifest
from graphrec_core.lake.records import SnapshotFigures
from graphrec_core.training.region_model import produce_model
from graphrec_core.types import ALL_REGIONS, Region

logger = logging.getLogger(__name__)


def run(day: Day, region: Region, sources: Sequence[str]) -> dict[str, Manifest]:
    """Trains the models that serve ``region`` and returns their manifests by source."""
    trained = [name for name in sources if day.config.recommender.sources[name].is_trained]
    for name in sources:
        if name not in trained:
            logger.info("%s is a scorer: generate-embeddings fits it, nothing is trained", name)
    for earlier in reversed(day.reached_window_days) if trained else ():
        _train_earlier(earlier, region, trained)
    return {name: produce_model(day, region, name).manifest for name in trained}


def _train_earlier(day: Day, region: Region, trained: Sequence[str]) -> None:
    """Trains what proposes in an earlier window of the ranker, unless the run of its day did."""
    refs = [day.ref(StepName.TRAIN, region, source=name) for name in trained]
    if all(day.find(ref) is not None for ref in refs):
        return
    figures = day.open(day.ref(StepName.SNAPSHOT)).manifest.figures(SnapshotFigures)
    if region != ALL_REGIONS and region not in figures.regions:
        return
    for name in trained:
        try:
            produce_model(day, region, name)
        except RefusedError as error:
            logger.warning("%s is not in the window of %s: %s", region, day.as_of, error)
