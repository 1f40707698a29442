"""The steps of sources: of the only one, or of all."""

from collections.abc import Sequence

from graphrec.jobs import generate_embeddings, train_model
from graphrec_core.config import PipelineConfig
from graphrec_core.day import Day
from graphrec_core.lake import Manifest
from graphrec_core.types import REQUIRED_VIEWS, Region, View


def only_source(config: PipelineConfig) -> str:
    """Names the pipeline's only source."""
    (name,) = config.recommender.sources
    return name


def train(day: Day, region: Region) -> Manifest:
    """Trains the model of the only source."""
    source = only_source(day.config)
    return train_model.run(day, region, [source])[source]


def embed(day: Day, region: Region, view: View) -> Manifest:
    """Embeds a view by the only source."""
    source = only_source(day.config)
    return generate_embeddings.run(day, region, view, [source])[source]


def embed_all(day: Day, region: Region, views: Sequence[View] = REQUIRED_VIEWS) -> None:
    """Trains every source of a region that can be trained, and embeds views by all."""
    sources = list(day.config.recommender.sources)
    train_model.run(day, region, sources)
    for view in views:
        generate_embeddings.run(day, region, view, sources)
