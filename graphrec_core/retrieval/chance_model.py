"""What estimates the chance that a query meets a candidate, from what is known of both."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from graphrec_core.retrieval.pair_features import PAIR_FEATURES, PairFeature
from graphrec_core.types import Region

if TYPE_CHECKING:
    from lightgbm import Booster

REGION = "region"
"""The last feature: a position among the regions that the trees were fitted on."""


@dataclass(frozen=True)
class ChanceModel(ABC):
    """A fitted ranker.

    Attributes:
        regions: The regions that it was fitted on, sorted; the last feature is a position there.
        negatives_frac: The share of the pairs without a click that it was fitted to.
    """

    regions: tuple[Region, ...]
    negatives_frac: float

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Its features in order; the last one is ``REGION``."""

    @abstractmethod
    def odds(self, rows: np.ndarray) -> np.ndarray:
        """Returns the logarithm of the odds of rows, float64 [P], by what it was fitted to."""

    @abstractmethod
    def parts(self, rows: np.ndarray) -> np.ndarray:
        """Returns what each feature adds to the odds of rows, [P, F + 1], beside a constant."""

    @cached_property
    def features(self) -> tuple[PairFeature, ...]:
        """What it asks for beside the sources' columns; an older one knows fewer features."""
        asked = set(self.names)
        return tuple(one for one in PAIR_FEATURES if one.name in asked)

    def chances(self, features: np.ndarray, region: Region) -> np.ndarray:
        """Estimates the chance that each pair is met within the horizon.

        By a query that meets something that is proposed to it, as those that it was fitted to did.

        Args:
            features: float32 [P, F], see ``pair_features``.
            region: Where the queries are; one that it was not fitted on counts as unknown.

        Returns:
            float64 [P], in (0, 1).
        """
        return self.chances_of(with_region(features, region, self.regions))

    def chances_of(self, rows: np.ndarray) -> np.ndarray:
        """Estimates the chances of rows that end with the feature of their region.

        Args:
            rows: float32 [P, F + 1], see ``with_region``.

        Returns:
            float64 [P], in (0, 1).
        """
        if len(rows) == 0:
            return np.zeros(0)
        # All clicks were kept and a share of the rest, so the odds were too high by 1 / share.
        odds = self.odds(rows) + math.log(self.negatives_frac)
        chances: np.ndarray = 1 / (1 + np.exp(-odds))
        return chances

    def effects(
        self, features: np.ndarray, region: Region
    ) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Says what each feature adds to the log odds of each pair.

        Args:
            features: float32 [P, F], see ``pair_features``.
            region: Where the queries are.

        Returns:
            Names of the F + 1 features, the region last; their values and their effects, both
            [P, F + 1].
        """
        rows = with_region(features, region, self.regions)
        return self.names, rows, self.parts(rows) if len(rows) else rows


@dataclass(frozen=True)
class TreeModel(ChanceModel):
    """Boosted trees, as the lake keeps them.

    Attributes:
        text: LightGBM's own text; it holds the names of the features.
    """

    text: str

    @cached_property
    def booster(self) -> "Booster":
        """The trees, ready to predict."""
        from lightgbm import Booster

        return Booster(model_str=self.text)

    @property
    def names(self) -> list[str]:
        """See ``ChanceModel``."""
        return list(self.booster.feature_name())

    def odds(self, rows: np.ndarray) -> np.ndarray:
        """See ``ChanceModel``."""
        return np.asarray(self.booster.predict(rows, raw_score=True, num_threads=1))

    def parts(self, rows: np.ndarray) -> np.ndarray:
        """See ``ChanceModel``; SHAP values (Lundberg and Lee, NIPS 2017)."""
        found = np.asarray(self.booster.predict(rows, pred_contrib=True, num_threads=1))
        return found[:, :-1]  # the last one is the constant


@dataclass(frozen=True)
class LogisticModel(ChanceModel):
    """A logistic blend of standardised features.

    Attributes:
        asked: Its features in order; the last one is ``REGION``.
        means: Of each feature but the last, squeezed.
        scales: Their standard deviations.
        weights: Of the columns of ``design``, the intercept last.
    """

    asked: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def names(self) -> list[str]:
        """See ``ChanceModel``."""
        return list(self.asked)

    def odds(self, rows: np.ndarray) -> np.ndarray:
        """See ``ChanceModel``."""
        odds: np.ndarray = self._columns(rows) @ np.array(self.weights)
        return odds

    def parts(self, rows: np.ndarray) -> np.ndarray:
        """See ``ChanceModel``; a feature's part is that of its value or of its being unknown."""
        parts = self._columns(rows) * np.array(self.weights)
        num = len(self.means)
        of_features = parts[:, :num] + parts[:, num : 2 * num]
        return np.column_stack([of_features, parts[:, 2 * num : -1].sum(axis=1)])

    def _columns(self, rows: np.ndarray) -> np.ndarray:
        return design(rows, np.array(self.means), np.array(self.scales), len(self.regions))


def squeeze(features: np.ndarray) -> np.ndarray:
    """Returns sign(x) log(1 + |x|), float64: counts, ranks and distances have long tails."""
    values = features.astype(np.float64)
    squeezed: np.ndarray = np.sign(values) * np.log1p(np.abs(values))
    return squeezed


def design(
    rows: np.ndarray, means: np.ndarray, scales: np.ndarray, num_regions: int
) -> np.ndarray:
    """Returns the columns that a logistic model weighs, float64 [P, 2 F + R + 1].

    They are the squeezed and standardised features, 0 where nothing is known; whether each is
    unknown; which region it is, none for an unknown one; and 1.

    Args:
        rows: float32 [P, F + 1], see ``with_region``.
        means: float64 [F], of squeezed features.
        scales: float64 [F], above 0.
        num_regions: R.
    """
    values = (squeeze(rows[:, :-1]) - means) / scales
    is_unknown = np.isnan(values)
    is_region = rows[:, -1:] == np.arange(num_regions)
    ones = np.ones((len(rows), 1))
    return np.hstack([np.where(is_unknown, 0, values), is_unknown, is_region, ones])


def with_region(features: np.ndarray, region: Region, regions: Sequence[Region]) -> np.ndarray:
    """Appends the feature that stands for a region; NaN for one that is not among ``regions``."""
    number = regions.index(region) if region in regions else math.nan
    return np.column_stack([features, np.full(len(features), number, dtype=np.float32)])
