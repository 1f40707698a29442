"""The model of a region, or of all: found, or trained on the day's views and committed."""

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.model import EncoderConfig
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ModelFigures
from graphrec_core.training.day_model import DayModel
from graphrec_core.types import Region


def produce_model(day: Day, region: Region, source: str) -> Artifact:
    """Trains the model of a source that serves ``region`` (all regions, for a global model).

    Args:
        day: The day.
        region: A region, or ``ALL_REGIONS``.
        source: A source whose model is an encoder.

    Returns:
        The model, trained now or found.

    Raises:
        ConfigError: There is nothing to train.
        LakeError: The day's snapshot is missing or holds no such region.
        LeakageError: A sampled batch heard one of its own pairs.
        ExpectationError: A feature that the model reads changed too much in the serve view.
    """
    ref = day.ref(StepName.TRAIN, region, source=source)
    model = encoder_of(day.config, source)

    def write(trial: Attempt) -> ModelFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        return DayModel(day.config, model, snapshot, ref.region, trial).write()

    return day.produce(ref, write)


def encoder_of(config: PipelineConfig, source: str) -> EncoderConfig:
    """Returns the settings of a source that is trained.

    Raises:
        ConfigError: There is nothing to train.
    """
    model = config.recommender.sources[source]
    if not isinstance(model, EncoderConfig):
        raise ConfigError(
            must="train-model trains the sources whose model is an encoder.",
            found=f"recommender.sources.{source}, whose model is {model.model}",
            fix="Leave it out: it is fitted by generate-embeddings.",
        )
    return model
