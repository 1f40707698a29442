"""train-model: trains the encoders among a region's sources on a snapshot's views."""

from collections.abc import Sequence

from graphrec_core.day import Day
from graphrec_core.lake import Manifest
from graphrec_core.training.region_model import produce_models
from graphrec_core.types import Region


def run(day: Day, region: Region, sources: Sequence[str]) -> dict[str, Manifest]:
    """Trains the models that serve ``region`` and returns their manifests by source."""
    made = produce_models(day, region, sources)
    return {name: model.manifest for name, model in made.items()}
