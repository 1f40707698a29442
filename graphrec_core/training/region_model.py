"""The model of a region, or of all: found, or trained on the day's views and committed."""

import logging
from collections.abc import Sequence

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.model import EncoderConfig
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError, RefusedError
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.records import ModelFigures, SnapshotFigures
from graphrec_core.training.day_model import DayModel
from graphrec_core.types import ALL_REGIONS, Region

logger = logging.getLogger(__name__)


def produce_models(day: Day, region: Region, sources: Sequence[str]) -> dict[str, Artifact]:
    """Trains the encoders among some sources, of the day and of its ranker's earlier windows.

    Args:
        day: The day.
        region: A region, or ``ALL_REGIONS`` for global sources.
        sources: Names; a scorer is not trained, and said.

    Returns:
        The day's models by source; see ``produce_model`` for what is raised.
    """
    trained = [name for name in sources if day.config.recommender.sources[name].is_trained]
    for name in sources:
        if name not in trained:
            logger.info("%s is a scorer: generate-embeddings fits it, nothing is trained", name)
    for earlier in reversed(day.reached_window_days) if trained else ():
        _train_earlier(earlier, region, trained)
    return {name: produce_model(day, region, name) for name in trained}


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
