"""Nothing of training but the objectives knows that the task is to rank.

Two objectives of other kinds are trained by the same batches, step and loop: pairs that have a
value, and nodes that have one.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from torch import Tensor

import graphrec_core.training
from graphrec_core.config import GraphSAGEConfig, LightGCNConfig
from graphrec_core.config.model import EncoderConfig
from graphrec_core.config.training import TrainingConfig
from graphrec_core.graph import FeatureEncoder, RegionGraph
from graphrec_core.training import Trainer
from graphrec_core.training.objectives import (
    Metric,
    Objective,
    Question,
    TrainingSet,
    ValidationSet,
)
from graphrec_core.training.pairs import TaskPairs, all_pairs
from tests.training.graphs import TASK

RMSE = Metric("RMSE", is_larger_better=False)
LIGHTGCN = LightGCNConfig(embedding_dim=16, num_layers=2)
SAGE = GraphSAGEConfig(embedding_dim=16, hidden_dim=16, fanouts=(8, 4))
NOBODY = TaskPairs(torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.int64))
FOLDER = Path(graphrec_core.training.__file__).parent
OF_RANKING = {"losses", "negatives", "objectives.ranking", "objectives.recall"}


@dataclass(frozen=True)
class Values(Question):
    """The squared error of inner products, or of the first coordinate where there is one role."""

    values: Tensor

    def loss(self, vectors: Sequence[Tensor], *, is_normalised: bool) -> Tensor:
        return (predicted(vectors) - self.values).square().mean()


def predicted(vectors: Sequence[Tensor]) -> Tensor:
    return vectors[0][:, 0] if len(vectors) == 1 else (vectors[0] * vectors[1]).sum(dim=1)


class Examples(TrainingSet, ValidationSet):
    """Nodes or pairs of nodes, each with a value."""

    metric = RMSE

    def __init__(self, roles: Sequence[Tensor], values: Tensor) -> None:
        self.roles, self.values = roles, values

    def __len__(self) -> int:
        return len(self.values)

    def ask(self, chosen: Tensor, generator: torch.Generator) -> Values:
        nodes = tuple(role[chosen] for role in self.roles)
        return Values(nodes, TaskPairs(*nodes) if len(nodes) == 2 else NOBODY, self.values[chosen])

    def measure(self, h_ND: Tensor) -> float:
        found = predicted([h_ND[role] for role in self.roles])
        return float((found - self.values).square().mean().sqrt())


class Regression(Objective):
    """Every fourth example is of the holdout; its messages stay."""

    def __init__(
        self, graph: RegionGraph, training: TrainingConfig, examples: Sequence[Tensor]
    ) -> None:
        super().__init__(graph, TASK, training)
        *self.roles, self.values = examples

    def of(self, chosen: Tensor) -> Examples:
        return Examples([role[chosen] for role in self.roles], self.values[chosen])

    def everything(self) -> Examples:
        return self.of(torch.nonzero(torch.arange(len(self.values)) % 4)[:, 0])

    def validation(self, holdout: pa.Table) -> Examples:
        return self.of(torch.tensor(holdout["example"].to_pylist()))


def pairs_with_values(graph: RegionGraph) -> list[Tensor]:
    """Pairs within a region are worth 1, pairs across its border -1; foreign ones are planted."""
    pairs = all_pairs(graph)
    across = pairs.candidate.flip(0)
    query, candidate = torch.cat([pairs.query] * 2), torch.cat([pairs.candidate, across])
    home = torch.full((graph.num_nodes,), -1)
    for row, region in enumerate(graph.regions):
        home[graph.candidates[region]] = row
    same = home[candidate] == graph.query_regions[query]
    return [query, candidate, same.float() * 2 - 1]


def nodes_with_values(graph: RegionGraph) -> list[Tensor]:
    """Places of east are worth .5, those of west -.5."""
    east, west = graph.candidates.values()
    nodes = torch.stack([east[: len(west)], west[: len(east)]], dim=1).flatten()
    return [nodes, torch.tensor([0.5, -0.5]).repeat(len(nodes) // 2)]


@pytest.mark.parametrize("model", [LIGHTGCN, SAGE], ids=["lightgcn", "graphsage"])
@pytest.mark.parametrize("examples_of", [pairs_with_values, nodes_with_values])
def test_another_kind_of_task_is_trained_by_the_same_loop(
    graph: RegionGraph, model: EncoderConfig, examples_of
) -> None:
    training = TrainingConfig(
        num_epochs=40, batch_size=256, learning_rate=0.02, eval_every=1, min_queries=1
    )
    objective = Regression(graph, training, examples_of(graph))
    features = FeatureEncoder.fit(graph, {"user": ["age"], "place": ["age"]}).encode(graph)

    holdout = pa.table({"example": range(0, len(objective.values), 4)})
    trained = Trainer(graph, features, model, training).search(objective, holdout)

    values = [look.value for look in trained.history]
    assert trained.metric == RMSE
    assert trained.validation_value == min(values)
    spread = float(objective.everything().values.std())  # the error of one value for all
    assert min(values) < 0.8 * spread
    assert trained.audited.num_audited == (trained.audited.num_batches if model is SAGE else 0)


def imports(file: Path) -> set[str]:
    """Names the modules of training that a file of it imports."""
    prefix = "graphrec_core.training."
    return {
        node.module.removeprefix(prefix)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(prefix)
    }


@pytest.mark.parametrize("name", ["batches", "loop", "step", "stopping", "supervision", "trainer"])
def test_only_objectives_know_what_is_learned(name: str) -> None:
    assert not imports(FOLDER / f"{name}.py") & OF_RANKING


def test_an_objective_does_know_it() -> None:
    assert imports(FOLDER / "objectives/ranking.py") >= OF_RANKING - {"objectives.ranking"}
