"""train-model: trains the encoders among a region's sources on a snapshot's views."""

import logging
from collections.abc import Sequence

from graphrec_core.day import Day
from graphrec_core.lake import Manifest
from graphrec_core.training.region_model import produce_model
from graphrec_core.types import Region

logger = logging.getLogger(__name__)


def run(day: Day, region: Region, sources: Sequence[str]) -> dict[str, Manifest]:
    """Trains the models that serve ``region`` and returns their manifests by source."""
    trained = [name for name in sources if day.config.recommender.sources[name].is_trained]
    for name in sources:
        if name not in trained:
            logger.info("%s is a scorer: generate-embeddings fits it, nothing is trained", name)
    return {name: produce_model(day, region, name).manifest for name in trained}
