"""A ranker over pair features that was fitted by ``fit-ranker``, and how the lake keeps it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphrec_core.errors import LakeError
from graphrec_core.lake import Artifact, Attempt
from graphrec_core.retrieval.chance_model import REGION, ChanceModel, LogisticModel, TreeModel
from graphrec_core.retrieval.node_features import NodeFeatures
from graphrec_core.retrieval.pair_features import Proposed, feature_names, pair_features
from graphrec_core.retrieval.proposals import Proposals
from graphrec_core.retrieval.ranker import Merged, best_of_each
from graphrec_core.types import Region

TREES_FILE = "ranker/trees.txt"
ABOUT_FILE = "ranker/about.json"
CANDIDATES_FILE = "ranker/candidates.parquet"
QUERIES_FILE = "ranker/queries.parquet"


def write_model(trial: Attempt, model: ChanceModel) -> None:
    """Writes a fitted model into an attempt.

    Trees are ``ranker/trees.txt`` and what it lacks, ``ranker/about.json``; a logistic model is
    all in the latter.
    """
    about = dataclasses.asdict(model)
    if isinstance(model, TreeModel):
        trial.write(TREES_FILE, about.pop("text").encode())
    trial.write_json(ABOUT_FILE, about)


def read_model(artifact: Artifact, sources: Sequence[str]) -> ChanceModel:
    """Reads the model that a ranker or a shard holds.

    Args:
        artifact: The ranker, or a shard.
        sources: Names of the recommender's sources, in order.

    Raises:
        LakeError: A file is missing or damaged, or it asks for features that are unknown.
    """
    about = artifact.read_json(ABOUT_FILE)
    model: ChanceModel
    regions, frac = tuple(about["regions"]), about["negatives_frac"]
    if "weights" in about:
        lists = (tuple(about[name]) for name in ("asked", "means", "scales", "weights"))
        model = LogisticModel(regions, frac, *lists)
    else:
        model = TreeModel(regions, frac, artifact.read(TREES_FILE).decode())
    asked = model.names
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
        model: The fitted model.
        nodes: What is known of queries and candidates at the view's instant.
        region: Where the queries are.
    """

    model: ChanceModel
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
