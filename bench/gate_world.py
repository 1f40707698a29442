"""Per-query recall and MRR of simulated recommenders, as unlike as those of real queries.

A query has a few targets and a taste for the systems' kind of list: how likely they find each of
its targets among the first 20. Most queries are hard (a beta distribution with much of its mass at
0), regions differ, and systems find much the same targets (a Gaussian copula). The rank of a
target follows from its score, so that a system that is x % worse has about x % less of both
metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

K, DEPTH = 20, 100
WARM_DEGREE = 20
COLD_FRAC = 0.1
"""Queries with a history so short that they are in both slices."""


@dataclass(frozen=True)
class World:
    """What queries are like.

    Attributes:
        recall: Mean recall@20 of a system of quality 1.
        concentration: Of the beta distribution: the smaller, the more queries find nothing.
        more_targets: Chance that a query has one more target.
        max_targets: Most targets of a query.
        agreement: Correlation of two systems' scores of one target.
        region_spread: Standard deviation of the logarithm of a region's mean recall.
        rank_power: How steeply targets rise: the rank at which a share q of the found targets
            lies is ``20 * q ** rank_power``.
    """

    recall: float = 0.15
    concentration: float = 1.0
    more_targets: float = 0.6
    max_targets: int = 8
    agreement: float = 0.6
    region_spread: float = 0.3
    rank_power: float = 1.5


def draw_regions(
    rng: np.random.Generator, world: World, sizes: Sequence[int], quality: Mapping[str, float]
) -> list[pa.Table]:
    """Draws the per-query metrics of a day, as an evaluation's queries.parquet holds them.

    Args:
        rng: Where chance comes from.
        world: What queries are like.
        sizes: Judged queries of each region.
        quality: System -> its share of ``world.recall``.
    """
    num, most = sum(sizes), world.max_targets
    mean = world.recall * np.exp(rng.normal(0, world.region_spread, len(sizes)))
    mean = np.repeat(mean.clip(0.01, 0.9), sizes)
    chance = rng.beta(mean * world.concentration, (1 - mean) * world.concentration)
    counts = rng.geometric(1 - world.more_targets, num).clip(max=most)
    exists = np.arange(most) < counts[:, None]
    common = rng.standard_normal((num, most), dtype=np.float32)
    degrees = np.where(rng.random(num) < COLD_FRAC, 1, WARM_DEGREE)
    columns = {"degree": degrees}
    for system, share in quality.items():
        own = rng.standard_normal((num, most), dtype=np.float32)
        score = ndtr(np.sqrt(world.agreement) * common + np.sqrt(1 - world.agreement) * own)
        reach = np.maximum(chance * share, 1e-9)[:, None]
        rank = np.where(exists, np.ceil(K * (score / reach) ** world.rank_power), np.inf)
        best = rank.min(axis=1)
        columns[f"{system}_recall"] = (rank <= K).sum(axis=1) / counts
        columns[f"{system}_mrr"] = np.where(best <= DEPTH, 1 / np.maximum(best, 1), 0.0)
    table, ends = pa.table(columns), np.cumsum(sizes)
    return [table.slice(end - size, size) for end, size in zip(ends, sizes, strict=True)]
