from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graphrec_core.axes.pairs import RowPairs
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.day import Day
from graphrec_core.evaluation.evidence import Evidence
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.evaluation.measure import System, measure, summarise
from graphrec_core.evaluation.rules import judge
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.layout import edges_file, holdout_file, nodes_file
from graphrec_core.lake.records import LeftOutPairs, SnapshotFigures
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.sources import DenseSource, ListSource, Proposer, vector_source
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import AS_OF, HOLDOUT, tiny_config

EAST = Region("east")


def _commit(config: PipelineConfig, tables: dict[str, pa.Table]) -> Artifact:
    lake, name = Lake(config), Day(config, AS_OF).ref(StepName.SNAPSHOT).id
    with attempt(lake.storage, f"tiny/{name}", name) as trial:
        for file, table in tables.items():
            trial.write_table(file, table)
        return trial.commit(
            StepName.SNAPSHOT, config, AS_OF, ALL_REGIONS, {}, SnapshotFigures(regions={})
        )


def _snapshot(config: PipelineConfig, holdout: list[tuple[str, str, bool, bool]]) -> Artifact:
    """Candidates a, b, c; d is none. u met a (and d), v met b."""
    time = datetime(2025, 12, 30, tzinfo=UTC)
    rows = [(query, candidate, 1, time, *flags) for query, candidate, *flags in holdout]
    columns = list(zip(*rows, strict=True))
    nodes = {"node_id": ["c", "a", "d", "b"], "is_candidate": [True, True, False, True]}
    return _commit(
        config,
        {
            nodes_file(View.TRAIN, "place", EAST): pa.table(nodes),
            edges_file(View.TRAIN, "visited", EAST): pa.table(
                {
                    "src": ["u", "u", "v"],
                    "dst": ["a", "d", "b"],
                    "first_event_time": [time] * 3,
                    "last_event_time": [time] * 3,
                    "weight": [1.0] * 3,
                }
            ),
            holdout_file(EAST): pa.table(
                [
                    pa.array(column, field.type)
                    for column, field in zip(columns, HOLDOUT, strict=True)
                ],
                schema=HOLDOUT,
            ),
        },
    )


ROWS = [
    ("u", "a", True, True),
    ("u", "b", False, True),
    ("u", "d", False, False),
    ("new", "c", False, True),
    ("v", "d", False, False),
]


def _pairs(pairs: RowPairs) -> list[list[int]]:
    return [
        pairs.indices[a:b].tolist() for a, b in zip(pairs.indptr, pairs.indptr[1:], strict=False)
    ]


def test_hand_made_holdout_without_what_was_seen(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    holdout = read_holdout(_snapshot(config, ROWS), EAST, config.task)
    assert holdout.candidate_ids.to_pylist() == ["a", "b", "c"]
    assert holdout.query_ids.to_pylist() == ["new", "u"]
    assert _pairs(holdout.targets) == [[2], [1]]
    assert _pairs(holdout.seen) == [[], [0]]
    assert holdout.degrees.tolist() == [0, 2]
    assert holdout.left_out == LeftOutPairs(num_self=0, num_seen=1, num_missing_coverage=2)


def test_hand_made_holdout_with_what_was_seen(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    task = config.task.model_copy(update={"exclude_seen": False})
    holdout = read_holdout(_snapshot(config, ROWS), EAST, task)
    assert _pairs(holdout.targets) == [[2], [0, 1]]
    assert _pairs(holdout.seen) == [[], []]
    assert holdout.left_out == LeftOutPairs(num_self=0, num_seen=0, num_missing_coverage=2)


def test_a_friend_of_itself_is_no_target(tmp_path: Path) -> None:
    """Nobody is recommended to itself, so no recommender can be asked for it."""
    nodes, edges = {"user": "select 1"}, {"follows": "select 1"}
    config = tiny_config(
        tmp_path,
        source={"tables": {}, "nodes": nodes, "edges": edges},
        task={"query": "user", "candidate": "user", "edge": "follows"},
        region={"user": "column"},
    )
    time = [datetime(2025, 12, 20, tzinfo=UTC)] * 3
    flags = [(True, True), (False, True), (False, True), (False, False)]
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("c", "c")]
    rows = [
        dict(zip(HOLDOUT.names, (*pair, 1, time[0], *flag), strict=True))
        for pair, flag in zip(pairs, flags, strict=True)
    ]
    ids = ["a", "b", "d"]
    tables = {
        nodes_file(View.TRAIN, "user", EAST): pa.table(
            {"node_id": ids, "is_candidate": [True] * 3}
        ),
        edges_file(View.TRAIN, "follows", EAST): pa.table(
            {
                "src": ["a", "a", "d"],
                "dst": ["a", "d", "d"],
                "first_event_time": time,
                "last_event_time": time,
                "weight": [1.0] * 3,
            }
        ),
        holdout_file(EAST): pa.Table.from_pylist(rows, HOLDOUT),
    }
    holdout = read_holdout(_commit(config, tables), EAST, config.task)
    assert (holdout.query_ids.to_pylist(), _pairs(holdout.targets)) == (["a"], [[1]])
    assert holdout.left_out == LeftOutPairs(num_self=3, num_seen=0, num_missing_coverage=0)
    assert _pairs(holdout.seen) == [[0, 2]]
    assert holdout.degrees.tolist() == [1]
    assert holdout.pairs["dst"].to_pylist() == ["d"]


def test_several_sources_are_measured_merged_by_reciprocal_rank(tmp_path: Path) -> None:
    """With an offset of 1: 1/2, 1/3, 1/4 for the ranks of each source, summed by hand.

    The first source ranks a, b, c for everybody; u has seen a. The second one proposes c, b to
    new and c to u. So new gets c (1/4 + 1/2), b (1/3 + 1/3), a (1/2); u gets c (1/3 + 1/2), b.
    """
    config = tiny_config(tmp_path)
    holdout = read_holdout(_snapshot(config, ROWS), EAST, config.task)
    everybody = ListSource(np.array([0, 1, 2]), np.array([3, 2, 1], dtype=np.float32))
    scores = np.array([[-np.inf, 1, 2], [-np.inf, -np.inf, 5]], dtype=np.float32)
    some = DenseSource(lambda rows: scores[rows])
    own = System((Proposer("all", everybody, 9), Proposer("some", some, 9)), ReciprocalRank(1))
    one_each = System(
        (Proposer("all", everybody, 1), Proposer("some", some, 1)), ReciprocalRank(1)
    )
    settings = EvaluationConfig(k=2, depth=3)
    measured = measure(holdout, {"model": own, "short": one_each}, everybody, settings)
    merged = [(row["query_id"], row["candidate_id"]) for row in measured.topk["model"].to_pylist()]
    assert merged == [("new", "c"), ("new", "b"), ("new", "a"), ("u", "c"), ("u", "b")]
    assert measured.topk["model"]["score"].to_pylist() == pytest.approx(
        [1 / 4 + 1 / 2, 1 / 3 + 1 / 3, 1 / 2, 1 / 3 + 1 / 2, 1 / 2]
    )
    assert measured.queries["model_recall"].to_pylist() == [1, 1]  # c for new, b for u
    assert measured.queries["model_mrr"].to_pylist() == [1, 1 / 2]
    # With a quota of one each a tie goes by candidate, and the popular list fills up.
    short = [(row["query_id"], row["candidate_id"]) for row in measured.topk["short"].to_pylist()]
    assert short == [("new", "a"), ("new", "c"), ("new", "b"), ("u", "b"), ("u", "c")]


@pytest.mark.parametrize("block_size", [1, 512])
def test_measured_by_hand(tmp_path: Path, block_size: int) -> None:
    config = tiny_config(tmp_path)
    holdout = read_holdout(_snapshot(config, ROWS), EAST, config.task)
    queries = np.array([[0, 0], [1, 0]], dtype=np.float32)
    candidates = np.array([[9, 0], [1, 0], [2, 0]], dtype=np.float32)
    popular = ListSource(np.array([0, 1, 2]), np.array([3, 2, 1], dtype=np.float32))
    settings = EvaluationConfig(k=2, depth=3, block_size=block_size)
    systems = {"model": System.of("model", vector_source(queries, candidates))}
    measured = measure(holdout, systems, popular, settings)
    ranked = [
        (r["query_id"], r["candidate_id"], r["hit"]) for r in measured.topk["model"].to_pylist()
    ]
    assert ranked == [
        ("new", "a", False), ("new", "b", False), ("new", "c", True),
        ("u", "c", False), ("u", "b", True),
    ]  # fmt: skip
    assert measured.queries["model_recall"].to_pylist() == [0, 1]
    assert measured.queries["model_mrr"].to_pylist() == pytest.approx([1 / 3, 1 / 2])
    slices = summarise(measured.queries, ["model"], settings)
    assert slices["all"].metrics["model"]["recall"] == 0.5
    assert slices["cold_start"].num_queries == 2


def test_a_region_without_judged_queries_has_no_metrics_and_is_undecided(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    holdout = read_holdout(_snapshot(config, ROWS[2:3]), EAST, config.task)
    popular = ListSource(np.array([0, 1, 2]), np.ones(3, dtype=np.float32))
    source = vector_source(np.zeros((0, 2), np.float32), np.zeros((3, 2), np.float32))
    systems = dict.fromkeys(("model", *config.gate.baselines), System.of("any", source))
    measured = measure(holdout, systems, popular, config.evaluation)
    slices = summarise(measured.queries, ["model"], config.evaluation)
    assert slices["all"].metrics["model"] == dict.fromkeys(("recall", "mrr", "ndcg", "hit_rate"))
    decisions = judge(Evidence(GateConfig(), config.evaluation, measured.queries))
    assert {(decision.value, decision.outcome) for decision in decisions} == {(None, "undecided")}
    assert measured.topk["model"].num_rows == 0
