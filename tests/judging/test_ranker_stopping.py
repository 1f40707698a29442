"""fit-ranker: where the trees stop, how true chances are, and which way they may go."""

from pathlib import Path

import pytest

from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.judging.held_queries import query_numbers
from graphrec_core.judging.ranker_window import WindowReader
from graphrec_core.types import View
from tests.judging.test_fit_ranker import EAST, fit, make_config
from tests.support.snapshots import AS_OF, write_tiny_snapshot


def test_queries_that_are_held_out_tell_when_to_stop_and_how_true_chances_are(
    tmp_path: Path,
) -> None:
    config = make_config(tmp_path, held_frac=0.3, patience=2)
    snapshot = write_tiny_snapshot(config)
    figures, trees = fit(config)
    (window,) = WindowReader(Day(config, AS_OF), snapshot).read(EAST)
    ids = read_holdout(snapshot, EAST, config.task, View.FIT).query_ids
    assert {*window.queries} <= {*query_numbers(ids)}
    held = sum(one.num_pairs for one in figures.reliability)
    assert 0.15 < held / figures.num_pairs < 0.45
    assert figures.num_trees == trees.count(b"\nTree=") > 0
    assert "nearness" in figures.dependence
    for other in ({"held_frac": 0.4}, {"held_frac": 0.0}):
        found, others = fit(make_config(tmp_path, **{"held_frac": 0.3, "patience": 2, **other}))
        assert others != trees
        assert bool(found.reliability) == bool(other["held_frac"])


def test_chances_are_monotone_where_that_is_asked_and_unknown_names_are_refused(
    tmp_path: Path,
) -> None:
    write_tiny_snapshot(make_config(tmp_path))
    curves = []
    for monotone in ({}, {"nearness": 1}, {"nearness": -1}):
        figures, _ = fit(make_config(tmp_path, monotone=monotone))
        curves.append([chance for _, chance in figures.dependence.get("nearness", ())])
    free, rising, falling = curves
    assert rising == sorted(rising) != free != sorted(free, reverse=True)
    assert falling == sorted(falling, reverse=True)
    with pytest.raises(ConfigError, match=r"(?s)recent_rank, .*nearness, .*found: region, warmth"):
        fit(make_config(tmp_path, monotone={"warmth": 1, "region": 1}))
