"""The gate's simulation: its queries by hand, a tiny part of its grid, and bars that can fail."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.gate import Scenario, example, judge_rates, qualities, scenarios, simulate
from bench.gate_intervals import compare_intervals
from bench.gate_plot import plot_example, plot_rates
from bench.gate_world import World, draw_regions


def test_drawn_queries_are_like_real_ones() -> None:
    """Most find nothing, recall is about .15, and 20 % worse has 20 % less of both metrics."""
    quality = {"model": 1.0, "worse": 0.8, "other": 1.0}
    (table,) = draw_regions(np.random.default_rng(0), World(region_spread=0), [20_000], quality)
    values = {name: table[name].to_numpy() for name in table.column_names}
    assert values["model_recall"].mean() == pytest.approx(0.15, abs=0.01)
    assert (values["model_recall"] == 0).mean() > 0.6
    for metric in ("recall", "mrr"):
        model, worse = values[f"model_{metric}"], values[f"worse_{metric}"]
        assert 0 <= model.min() < model.max() <= 1
        assert worse.mean() / model.mean() == pytest.approx(0.8, abs=0.04)
        assert 0.4 < np.corrcoef(model, values[f"other_{metric}"])[0, 1] < 0.9
    assert values["model_recall"].mean() == pytest.approx(values["other_recall"].mean(), abs=0.005)


def test_regions_are_parts_of_one_draw() -> None:
    tables = draw_regions(np.random.default_rng(0), World(), [3, 0, 40], {"model": 1.0})
    assert [table.num_rows for table in tables] == [3, 0, 40]


def test_a_tiny_part_of_the_grid() -> None:
    world = World()
    few = simulate(world, Scenario("champion", 1, 5, 0.2, 20))
    assert (few["undecided"], few["refused"], few["passed"]) == (1.0, 0.0, 0.0)
    worse = simulate(world, Scenario("champion", 1, 2000, 0.4, 10))
    assert (worse["refused"], worse["days_all_refused"]) == (1.0, 1.0)
    equal = simulate(world, Scenario("champion", 1, 2000, 0.0, 10))
    assert equal["passed"] >= 0.9
    pooled = simulate(world, Scenario("champion", 40, 20, 0.0, 3))
    assert pooled["pooled"] == pooled["passed"] == 1.0
    assert pooled == simulate(world, Scenario("champion", 40, 20, 0.0, 3))


def test_the_grid_covers_what_the_page_shows() -> None:
    grid = list(scenarios(1))
    assert {one.worse for one in grid} == {0, 0.05, 0.1, 0.2}
    assert {one.num_regions for one in grid} == {1, 6, 200}
    assert {5, 5000} <= {one.num_queries for one in grid}
    equals = qualities(Scenario("equals", 1, 5, 0.1, 1))
    assert equals.pop("model") == 0.9
    assert set(equals.values()) == {1.0}


def test_a_bootstrap_refuses_a_better_model_with_rare_wins() -> None:
    rows = {(row["case"], row["num_queries"]): row for row in compare_intervals(World(), 60)}
    rare = rows["rare wins", 10]
    assert rare["adjusted"] == 0
    assert min(rare["bootstrap"], rare["student"]) > 0.5
    nothing = rows["finds nothing", 100]
    assert min(nothing[name] for name in ("adjusted", "bootstrap", "student")) > 0.8


def test_each_bar_can_fail() -> None:
    base = {"company": "champion", "worse": 0.0, "passed": 1.0, "refused": 0.0}
    rates: list[dict[str, Any]] = [
        {**base, "num_regions": 1, "num_queries": 5},
        {**base, "num_regions": 1, "num_queries": 5000},
        {**base, "num_regions": 1, "num_queries": 5000, "worse": 0.2, "passed": 0.0},
        {**base, "num_regions": 1, "num_queries": 100, "company": "equals"},
        {**base, "num_regions": 200, "num_queries": 5, "days_all_refused": 0.0},
    ]
    intervals = [{"case": "rare wins", "adjusted": 0.0}]
    assert all(bar["pass"] for bar in judge_rates(rates, intervals, chance=0))
    for row, change in (
        (0, {"refused": 0.01}),
        (1, {"passed": 0.9, "refused": 0.1}),
        (2, {"passed": 0.05}),
        (3, {"refused": 0.2}),
        (4, {"days_all_refused": 0.1}),
    ):
        worse = [{**one, **change} if at == row else one for at, one in enumerate(rates)]
        assert not all(bar["pass"] for bar in judge_rates(worse, intervals, chance=0))
    rare = [{"case": "rare wins", "adjusted": 0.5}]
    assert not all(bar["pass"] for bar in judge_rates(rates, rare, chance=0))


def test_pictures_are_written(tmp_path: Path) -> None:
    world = World()
    rates = [
        simulate(world, Scenario("champion", regions, 20, worse, 1))
        for regions in (1, 200)
        for worse in (0.0, 0.2)
    ]
    plot_rates(rates, tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
    plot_example(example(), tmp_path / "example.svg")
    assert b"<svg" in (tmp_path / "example.svg").read_bytes()
