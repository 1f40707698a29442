"""train-model: trains the configured encoder on a snapshot's train view."""

from graphrec_core.day import Day
from graphrec_core.lake import Manifest
from graphrec_core.training.region_model import produce_model
from graphrec_core.types import Region


def run(day: Day, region: Region) -> Manifest:
    """Trains the model that serves ``region`` and returns its manifest."""
    return produce_model(day, region).manifest
