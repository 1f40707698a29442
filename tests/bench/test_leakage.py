"""The leakage bench: its arithmetic by hand, and its leaks on a snapshot of sixty users."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bench.leakage import choices, draw, judge, spread, summarise, weighted
from bench.leakage_plants import (
    Case,
    Unmasked,
    by_totals,
    drawn,
    fit,
    home_scores,
    planted,
    random_split,
    scores,
    with_totals,
)
from graphrec_core.axes.pairs import RowPairs
from graphrec_core.config.model import GraphSAGEConfig, LightGCNConfig
from graphrec_core.errors import LeakageError
from graphrec_core.evaluation.holdout import Holdout
from graphrec_core.graph import FeatureEncoder
from graphrec_core.lake.records import LeftOutPairs
from graphrec_core.training import train_for
from graphrec_core.types import Region, View
from tests.support.snapshots import tiny_config, write_tiny_snapshot

TOTALS = {f"east-p{place}": place for place in range(40)}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    training = {"num_epochs": 4, "learning_rate": 0.05}
    folder, few = tmp_path_factory.mktemp("lake"), {"k": 2}
    config = tiny_config(folder, training=training, evaluation=few)
    return Case(config, write_tiny_snapshot(config), Region("east"), TOTALS)


@pytest.fixture(scope="module")
def measured(case: Case) -> pd.DataFrame:
    systems, losses = planted(case)
    assert {name for name in losses if name.startswith("honest/")} == {
        "honest/lightgcn",
        "honest/graphsage",
    }
    return scores(case, case.holdout, systems)


def test_leaks_are_measured_on_the_same_queries_and_future_edges_pay(
    measured: pd.DataFrame,
) -> None:
    sizes = measured.groupby(["leak", "system"])["query_id"].apply(lambda ids: tuple(sorted(ids)))
    assert sizes.nunique() == 1
    mean = measured.groupby(["leak", "system"])["recall"].mean()
    for system in ("covisitation", "lightgcn"):
        assert mean["future edges", system] > mean["honest", system]
    assert mean["serve-view vectors", "lightgcn"] > mean["honest", "lightgcn"]


def test_the_sampler_that_does_not_mask_is_refused_unless_the_bench_looks_away(case: Case) -> None:
    graph = case.graph(View.TRAIN)
    model, _ = fit(case, graph, GraphSAGEConfig(embedding_dim=8, hidden_dim=8), Unmasked)
    assert model.encoder.supervision_edges
    features = FeatureEncoder.fit(graph, {}).encode(graph)
    with pytest.raises(LeakageError, match="the model would read the answer"):
        train_for(
            graph,
            features,
            GraphSAGEConfig(),
            case.config.training,
            1,
            Unmasked,
            task=case.config.task,
        )


def test_totals_rank_by_themselves_and_are_one_more_feature(case: Case) -> None:
    holdout, graph = case.holdout, case.graph(View.TRAIN)
    rows, _ = by_totals(case, holdout).search(np.array([0]), 3, RowPairs.none(1))
    ids = holdout.candidate_ids.take(pa.array(rows[0])).to_pylist()
    assert ids == ["east-p39", "east-p38", "east-p37"]
    column = with_totals(graph, TOTALS).nodes["place"].to_pandas().set_index("node_id")["total"]
    assert column["east-p39"] == pytest.approx(np.log(40))
    assert column["west-p0"] == 0
    assert "total" not in graph.nodes["place"].column_names


def test_a_random_split_holds_out_as_many_pairs_a_query_and_none_of_them_is_learnt(
    case: Case,
) -> None:
    honest = case.holdout
    holdout, systems = random_split(case)
    assert (holdout.targets.counts == honest.targets.counts).all()
    for query in range(len(holdout.query_ids)):
        targets, seen = (
            pairs.block(np.array([query]))[1] for pairs in (holdout.targets, holdout.seen)
        )
        assert not set(targets) & set(seen)
    assert sorted(systems) == [
        f"random split/{name}" for name in ("covisitation", "lightgcn", "popularity")
    ]


def test_only_candidates_of_judged_queries_are_drawn() -> None:
    targets = RowPairs.of(np.array([0, 1]), np.array([0, 1]), 2)
    axes, nothing = (pa.array(["a", "b"]), pa.array(["x", "y"])), LeftOutPairs(0, 0, 0)
    holdout = Holdout(*axes, targets, RowPairs.none(2), np.zeros(2), nothing, pa.table({}))
    pairs = pd.DataFrame({"src": ["a", "a", "b", "b", "c"], "dst": ["x", "y", "z", "y", "x"]})
    is_held = drawn(pairs, holdout, np.random.default_rng(0))
    assert is_held[:2].sum() == 1
    assert is_held[2:].tolist() == [False, True, False]


def test_equal_homes_cost_nothing(case: Case, measured: pd.DataFrame) -> None:
    found = home_scores([case], [case], measured)
    mean = found.groupby(["system", "leak"])["recall"].mean()
    for system in ("popularity", "covisitation"):
        own = measured[(measured["leak"] == "honest") & (measured["system"] == system)]
        assert mean[system, "home of all time"] == pytest.approx(own["recall"].mean())
        assert mean[system, "home from events"] == pytest.approx(own["recall"].mean())
    assert fit(case, case.graph(View.TRAIN), LightGCNConfig())[1] > 0


def day(honest: float, leaky: float) -> dict[str, object]:
    def both(value: float) -> dict[str, float]:
        return {"recall": value, "mrr": value / 2}

    systems = {"popularity": 0.3, "covisitation": 0.2, "lightgcn": honest, "graphsage": 0.1}
    metrics = {f"honest/{name}": both(value) for name, value in systems.items()}
    return {"metrics": {**metrics, "future edges/lightgcn": both(leaky)}}


def test_ratios_deliveries_and_choices_by_hand(tmp_path: Path) -> None:
    days = {"1": day(0.25, 0.5), "2": day(0.2, 0.8)}
    rows = summarise(days)
    assert [row["metric"] for row in rows] == ["recall", "mrr"]
    assert rows[0]["ratio"] == {"median": 3.0, "min": 2.0, "max": 4.0}
    assert rows[0]["delivered"] == {"median": 0.4, "min": 0.4, "max": 0.4}
    assert rows[0]["delivered_honest"] == {"median": 0.8, "min": 0.8, "max": 0.8}
    first = choices(days)[0]
    assert (first["chosen"], first["honestly_best"]) == ("lightgcn", "popularity")
    assert (first["promised"], first["honest"]) == (0.5, 0.25)
    assert first["kept"] == pytest.approx(0.25 / 0.3, abs=1e-4)
    draw({"leaks": rows}, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000
    assert spread(np.zeros(0)) is None


def test_a_leak_that_pays_nothing_or_is_not_caught_fails() -> None:
    caught = [{"test": "t", "is_caught": True}, {"test": "", "is_caught": False}]
    paying, useless = (summarise({"1": day(0.2, leaky)}) for leaky in (0.4, 0.2))
    assert all(bar["pass"] for bar in judge(paying, caught))
    assert not all(bar["pass"] for bar in judge(useless, caught))
    assert not all(bar["pass"] for bar in judge(paying, [{"test": "t", "is_caught": False}]))


def test_losses_are_weighted_by_queries() -> None:
    losses = [{"a": 1.0, "num_queries": 3}, {"a": 2.0, "num_queries": 1}]
    assert weighted(losses) == {"a": 1.25}
