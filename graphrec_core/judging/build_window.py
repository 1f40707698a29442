"""A day's window: found, or made of its fit view and fit holdout, region by region, committed.

A ranker is fitted to the windows of several days. Each is an artefact of its day, so that a day
computes one and finds the others.
"""

import logging
import zlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from graphrec_core.config import StepName
from graphrec_core.config.recommender import LearnedConfig, LightGBMConfig, LogisticConfig
from graphrec_core.day import Day
from graphrec_core.errors import AbsentError, ConfigError, RefusedError
from graphrec_core.judging.ranker_window import RankerWindow, WindowReader
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.lake.layout import region_file
from graphrec_core.lake.records import PairCounts, SnapshotFigures, WindowFigures
from graphrec_core.retrieval.pair_features import feature_names
from graphrec_core.types import Region

logger = logging.getLogger(__name__)
QUERY, IS_MET = "query", "is_met"
"""Columns of a window's files beside the features; no feature has such a name."""


def ranker_settings(day: Day) -> LightGBMConfig | LogisticConfig:
    """Returns the settings of the day's ranker.

    Raises:
        ConfigError: It is not one that is fitted.
    """
    settings = day.config.recommender.ranker
    if not isinstance(settings, LightGBMConfig | LogisticConfig):
        raise ConfigError(
            must="This step needs a ranker that is fitted: recommender.ranker.model=lightgbm, "
            "or logistic.",
            found=settings.model,
            fix="Leave the step out, or set the ranker.",
        )
    return settings


def produce_window(day: Day) -> Artifact:
    """Samples what the sources propose to the judged queries of every region.

    A region without a fit view, or without a source's model of it, is left out and named; a fault
    of the lake is raised, since what is stored under the id follows from its inputs.

    Raises:
        ConfigError: The configured ranker is not one that is fitted.
        LakeError: The day's snapshot is missing, or a file is damaged.
    """
    settings = ranker_settings(day)

    def write(trial: Attempt) -> WindowFigures:
        snapshot = day.open(day.ref(StepName.SNAPSHOT))
        reader = WindowReader(day, snapshot)
        names = feature_names(list(day.config.recommender.sources))
        regions, left_out = dict[Region, PairCounts](), dict[Region, str]()
        for region in sorted(snapshot.manifest.figures(SnapshotFigures).regions):
            try:
                blocks = sampled_blocks(reader, region, settings)
            except (AbsentError, RefusedError) as error:
                left_out[region] = error.found
                logger.warning("%s is left out of the window: %s", region, error)
                continue
            regions[region] = counts_of(blocks)
            logger.info("%s: %d pairs to be fitted to", region, regions[region].num_pairs)
            trial.write_table(region_file(region), _table(blocks, names))
        return WindowFigures(regions=regions, left_out=left_out)

    return day.produce(day.ref(StepName.WINDOW), write)


def sampled_blocks(
    reader: WindowReader, region: Region, settings: LearnedConfig
) -> list[RankerWindow]:
    """Samples a region's window, some queries at a time.

    Args:
        reader: Reads the windows of the day.
        region: The region; no other one's sample depends on it.
        settings: Those of the ranker.

    Raises:
        AbsentError: The region has no fit view, or a source no model that was fitted to it.
        LakeError: A file is missing or damaged.
        RefusedError: A vector is not finite.
    """
    random = np.random.default_rng([settings.seed, zlib.crc32(region.encode())])
    return [block.sampled(settings.negatives_frac, random) for block in reader.read(region)]


def read_window(artifact: Artifact, regions: Iterable[Region]) -> list[RankerWindow]:
    """Reads what there is of some regions.

    Args:
        artifact: The window.
        regions: The regions; one that was left out is none.
    """
    there = artifact.manifest.figures(WindowFigures).regions
    return [_read(artifact, region) for region in regions if region in there]


def counts_of(windows: Iterable[RankerWindow]) -> PairCounts:
    """Counts what is in windows that share no query."""
    found = list(windows)
    return PairCounts(
        num_queries=sum(len(np.unique(one.queries)) for one in found),
        num_clicks=sum(int(one.is_met.sum()) for one in found),
        num_pairs=sum(len(one.is_met) for one in found),
    )


def _table(blocks: list[RankerWindow], names: list[str]) -> pa.Table:
    nothing = np.empty((0, len(names)), np.float32)
    features = np.concatenate([nothing, *(one.features for one in blocks)])
    columns = {
        QUERY: np.concatenate([np.empty(0, np.int64), *(one.queries for one in blocks)]),
        IS_MET: np.concatenate([np.empty(0, np.bool_), *(one.is_met for one in blocks)]),
        **{name: features[:, place] for place, name in enumerate(names)},
    }
    return pa.table(columns)


def _read(artifact: Artifact, region: Region) -> RankerWindow:
    table = artifact.read_table(region_file(region))
    names = [name for name in table.column_names if name not in (QUERY, IS_MET)]
    return RankerWindow(
        region,
        np.column_stack([table[name].to_numpy() for name in names]),
        table[IS_MET].to_numpy(),
        table[QUERY].to_numpy(),
    )
