"""A source without usable data proposes nothing, says so once, and stops nobody."""

import logging
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graphrec_core.axes.pairs import never_shown
from graphrec_core.config.model import EaseConfig, FriendsConfig, ScorerConfig
from graphrec_core.config.recommenders import Recommender, baseline, models
from graphrec_core.judging.scorer_lists import ScoredView, write_lists
from graphrec_core.lake import attempt
from graphrec_core.lake.storage import Storage
from graphrec_core.models.scorer import ScorerInputs
from graphrec_core.types import ArtifactId, Region, View
from tests.models.test_every_scorer import some_inputs
from tests.support.view_tables import GivenTables

EAST = Region("east")
SCORERS = [entry for entry in models() if not entry.is_encoder]
every_scorer = pytest.mark.parametrize("entry", SCORERS, ids=lambda entry: entry.name)


def view_of(inputs: ScorerInputs, view: View) -> ScoredView:
    ids = inputs.query_ids, inputs.candidate_ids
    seen = never_shown(inputs.pairs, *ids, peers=True, seen=True)
    return ScoredView(EAST, view, ArtifactId("a" * 16), *ids, inputs, seen)


def warned(
    root: Path, caplog: pytest.LogCaptureFixture, settings: ScorerConfig, inputs: ScorerInputs
) -> list[str]:
    """Writes what it proposes in the day's three views, and returns the warnings."""
    caplog.clear()
    for view in View:
        with attempt(Storage(str(root)), f"east/{view}", ArtifactId("b" * 16)) as trial:
            write_lists(trial, "mine", settings, view_of(inputs, view))
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


def without_candidates(inputs: ScorerInputs) -> ScorerInputs:
    return replace(inputs, candidate_ids=inputs.candidate_ids.slice(0, 0))


def without_pairs(inputs: ScorerInputs) -> ScorerInputs:
    return replace(inputs, pairs=inputs.pairs.slice(0, 0))


def with_blank(inputs: ScorerInputs, *columns: str) -> ScorerInputs:
    nodes = inputs.view.nodes(["latitude", "longitude", "category"])
    for name in columns:
        nodes = nodes.set_column(
            nodes.column_names.index(name), name, pa.nulls(nodes.num_rows, nodes[name].type)
        )
    return replace(inputs, tables=GivenTables(nodes))


def unanswered(inputs: ScorerInputs) -> ScorerInputs:
    """Without what came to a query."""
    came = pc.is_in(inputs.pairs["dst"].combine_chunks(), inputs.query_ids)
    return replace(inputs, pairs=inputs.pairs.filter(pc.invert(came)))


def friendless(inputs: ScorerInputs) -> ScorerInputs:
    nodes = inputs.view.nodes(["latitude", "longitude", "category"])
    return replace(inputs, tables=GivenTables(nodes, {"knows": inputs.pairs.slice(0, 0)}))


@every_scorer
def test_whoever_proposes_says_nothing(
    entry: Recommender, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert warned(tmp_path, caplog, baseline(entry.name, 28), some_inputs()) == []


@every_scorer
def test_without_pairs_or_candidates_a_day_has_one_warning(
    entry: Recommender, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = baseline(entry.name, 28)
    (said,) = warned(tmp_path, caplog, settings, without_candidates(some_inputs()))
    assert said.startswith(f"mine proposes nothing in east: {entry.name} needs {settings.needs};")
    assert said.endswith("8 queries, 0 candidates and 41 pairs")
    ranks_anyway = entry.name == "popularity"  # by id, where nobody met anything
    found = warned(tmp_path, caplog, settings, without_pairs(some_inputs()))
    assert len(found) == 1 - ranks_anyway


@pytest.mark.parametrize(
    ("settings", "lacking", "needs"),
    [
        (baseline("nearest", 0), lambda one: with_blank(one, "latitude"), "latitude and longi"),
        (baseline("attribute", 0), lambda one: with_blank(one, "category"), "candidates with a"),
        (FriendsConfig(edge="knows"), friendless, "queries with friends"),
        (baseline("reciprocal", 0), unanswered, "candidates who met a query themselves"),
        (baseline("transitions", 0), without_pairs, "queries that met something"),
    ],
    ids=["nearest", "attribute", "friends", "reciprocal", "transitions"],
)
def test_what_it_lacks_is_named(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    settings: ScorerConfig,
    lacking,
    needs: str,
) -> None:
    (said,) = warned(tmp_path, caplog, settings, lacking(some_inputs()))
    assert f"{settings.model} needs {needs}" in said


def test_ease_leaves_what_it_cannot_invert_to_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Sixty thousand candidates, of which it would invert a matrix of 29 GB."""
    many = pa.array([f"c{number:05}" for number in range(60_000)])
    inputs = replace(some_inputs(), candidate_ids=many)
    (said,) = warned(tmp_path, caplog, EaseConfig(), inputs)
    assert "at most 20,000 candidates and others that were met" in said
    assert "60,000 candidates" in said
