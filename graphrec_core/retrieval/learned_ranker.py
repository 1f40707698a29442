"""A ranker of boosted trees over pair features, fitted by ``fit-ranker``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphrec_core.errors import LakeError
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.retrieval.node_features import NodeFeatures
from graphrec_core.retrieval.pair_features import (
    PAIR_FEATURES,
    PairFeature,
    Proposed,
    feature_names,
    pair_features,
)
from graphrec_core.retrieval.proposals import Proposals
from graphrec_core.retrieval.ranker import Merged, best_of_each
from graphrec_core.types import Region

if TYPE_CHECKING:
    from lightgbm import Booster

REGION = "region"
"""The last feature: a position among the regions that the trees were fitted on."""
TREES_FILE = "ranker/trees.txt"
ABOUT_FILE = "ranker/about.json"
CANDIDATES_FILE = "ranker/candidates.parquet"
QUERIES_FILE = "ranker/queries.parquet"


@dataclass(frozen=True)
class TreeModel:
    """Fitted trees, as the lake keeps them.

    Attributes:
        text: LightGBM's own text; it holds the names of the features.
        regions: The regions that it was fitted on, sorted; the last feature is a position there.
        negatives_frac: The share of the pairs without a click that it was fitted to.
    """

    text: str
    regions: tuple[Region, ...]
    negatives_frac: float

    @cached_property
    def booster(self) -> "Booster":
        """The trees, ready to predict."""
        from lightgbm import Booster

        return Booster(model_str=self.text)

    @cached_property
    def features(self) -> tuple[PairFeature, ...]:
        """What it asks for beside the sources' columns; an older one knows fewer features."""
        asked = set(self.booster.feature_name())
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
        odds = np.asarray(self.booster.predict(rows, raw_score=True, num_threads=1))
        # All clicks were kept and a share of the rest, so the odds were too high by 1 / share.
        chances: np.ndarray = 1 / (1 + np.exp(-(odds + math.log(self.negatives_frac))))
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
        names = self.booster.feature_name()
        if len(rows) == 0:
            return names, rows, rows
        parts = self.booster.predict(rows, pred_contrib=True, num_threads=1)
        return names, rows, np.asarray(parts)[:, :-1]  # the last one is the constant


def is_learned(settings: Mapping[str, Any]) -> bool:
    """Tells whether a shard's ranker, by its settings, is one that was fitted."""
    return bool(settings["model"] == "lightgbm")


def write_trees(trial: Attempt, model: TreeModel) -> None:
    """Writes ``ranker/trees.txt`` and what it lacks, ``ranker/about.json``, into an attempt."""
    trial.write(TREES_FILE, model.text.encode())
    about = {"regions": list(model.regions), "negatives_frac": model.negatives_frac}
    trial.write_json(ABOUT_FILE, about)


def read_trees(artifact: Artifact, sources: Sequence[str]) -> TreeModel:
    """Reads the trees that a ranker or a shard holds.

    Args:
        artifact: The ranker, or a shard.
        sources: Names of the recommender's sources, in order.

    Raises:
        LakeError: A file is missing or damaged, or the trees ask for features that are unknown.
    """
    about = artifact.read_json(ABOUT_FILE)
    model = TreeModel(
        artifact.read(TREES_FILE).decode(), tuple(about["regions"]), about["negatives_frac"]
    )
    asked = model.booster.feature_name()
    if asked != [*feature_names(sources, model.features), REGION]:
        unknown = sorted(set(asked) - {*feature_names(sources), REGION})
        raise LakeError(
            must="The ranker's features must be of those that this version knows.",
            found=", ".join(unknown) or "other sources, or another order",
            fix="Use the version that fitted it, or run fit-ranker again.",
        )
    return model


def write_nodes(trial: Attempt, nodes: NodeFeatures) -> None:
    """Writes what a ranker knows of queries and candidates, along a shard's axes."""
    trial.write_table(QUERIES_FILE, nodes.queries)
    trial.write_table(CANDIDATES_FILE, nodes.candidates)


def read_nodes(artifact: Artifact) -> NodeFeatures:
    """Reads what ``write_nodes`` wrote.

    Raises:
        LakeError: A file is missing or damaged.
    """
    return NodeFeatures(artifact.read_table(QUERIES_FILE), artifact.read_table(CANDIDATES_FILE))


def with_region(features: np.ndarray, region: Region, regions: Sequence[Region]) -> np.ndarray:
    """Appends the feature that stands for a region; NaN for one that is not among ``regions``."""
    number = regions.index(region) if region in regions else math.nan
    return np.column_stack([features, np.full(len(features), number, dtype=np.float32)])


def strongest(importance: Mapping[str, float], num: int | None = None) -> dict[str, float]:
    """Returns the features with the greatest shares, greatest first; equal ones by name.

    Args:
        importance: Feature -> its share; those of 0 are left out.
        num: How many, at most; None: all.
    """
    order = sorted(importance, key=lambda name: (-importance[name], name))
    return {name: importance[name] for name in order[:num] if importance[name] > 0}


@dataclass(frozen=True)
class LearnedRanker:
    """Orders what sources propose by the chance that a query meets it.

    Equal chances rank by candidate row.

    Attributes:
        model: The trees.
        nodes: What is known of queries and candidates at the view's instant.
        region: Where the queries are.
    """

    model: TreeModel
    nodes: NodeFeatures
    region: Region

    def merge(self, query_rows: np.ndarray, proposals: Sequence[Proposals], k: int) -> Merged:
        """See ``Ranker``."""
        proposed = Proposed.of(proposals)
        features = pair_features(proposed, query_rows, self.nodes, self.model.features)
        return best_of_each(
            len(query_rows),
            k,
            proposed.places,
            proposed.candidates,
            self.model.chances(features, self.region),
            proposed.proposed_by,
        )
