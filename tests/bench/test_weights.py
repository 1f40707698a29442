"""The table of the weights' effect, and the lists that it is made of."""

import numpy as np
import pandas as pd
import pyarrow as pa

from bench.weights import VARIANTS, list_rows, table
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.retrieval.recommend import Ranking
from graphrec_core.types import Region
from tests.models.test_scorers import INSTANT


def test_a_ranking_becomes_rows_without_the_places_that_stayed_empty() -> None:
    ids = pa.array(["u", "v"]), pa.array(["a", "b", "c"])
    inputs = ScorerInputs(pa.table({}), *ids, INSTANT)
    rows = np.array([[2, 0], [1, -1]])
    block = Ranking(np.array([1, 0]), rows, rows, ("x",), np.ones((2, 2, 1), dtype=bool))
    expected = [("v", "east", 1, "c"), ("v", "east", 2, "a"), ("u", "east", 1, "b")]
    columns = ["query_id", "region", "rank", "candidate_id"]
    pd.testing.assert_frame_equal(
        list_rows(block, inputs, Region("east")), pd.DataFrame(expected, columns=columns)
    )


def test_the_peer_stands_once_below_the_variants_of_a_system() -> None:
    scores = {"recall@20": 0.12, "mrr": 0.034}
    rows = [
        {"as_of": "2010-05-26", "system": "LightGCN", "variant": variant, "num_queries": 7,
         **scores, "popularity": scores}
        for variant, _, _ in VARIANTS
    ]  # fmt: skip
    lines = table(rows).splitlines()
    assert len(lines) == 1 + len(VARIANTS) + 1
    assert len({len(line) for line in lines}) == 1
    assert lines[-1].split() == ["2010-05-26", "popularity", "(same", "queries)", "7", "0.1200",
                                 "0.0340"]  # fmt: skip
