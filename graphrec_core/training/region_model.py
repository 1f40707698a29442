"""The model of a region, or of all: found, or trained on the day's views and committed."""

from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ModelFigures
from graphrec_core.training.day_model import DayModel
from graphrec_core.types import Region


def produce_model(day: Day, region: Region) -> Artifact:
    """Trains the model that serves ``region`` (all regions, for a global model).

    Args:
        day: The day.
        region: A region, or ``ALL_REGIONS``.

    Returns:
        The model, trained now or found.

    Raises:
        LakeError: The day's snapshot is missing or holds no such region.
        LeakageError: A sampled batch heard one of its own pairs.
        ExpectationError: A feature that the model reads changed too much in the serve view.
    """
    ref = day.ref(StepName.TRAIN, region)

    def write(trial: Attempt) -> ModelFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        return DayModel(day.config, day.config.model, snapshot, ref.region, trial).write()

    return day.produce(ref, write)
