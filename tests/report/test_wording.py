"""Figures and decisions in words, by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphrec_core.lake import Lake
from graphrec_core.lake.records import GateDecision
from graphrec_core.ledger.release import Release
from graphrec_core.publishing.deciding import release_note
from graphrec_core.report import wording
from graphrec_core.report.collect import collect
from graphrec_core.types import Region
from tests.support import example_day
from tests.support.example_day import make_rule
from tests.support.snapshots import AS_OF, SOURCE, tiny_config, write_tiny_snapshot


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0811, ".081"),
        (1.0, "1.000"),
        (0.0, ".000"),
        (-0.03, "-.030"),
        (10.5, "10.500"),
        (None, "-"),
    ],
)
def test_shares(value: float | None, text: str) -> None:
    assert wording.share(value) == text


def test_counts() -> None:
    assert wording.count(1234567) == "1,234,567"
    assert wording.count(None) == "-"


def _rule(**changes: Any) -> GateDecision:
    return changed(make_rule("baseline", "recall", "popularity", 0.08, 0.11), **changes)


def changed(rule: GateDecision, **changes: Any) -> GateDecision:
    return rule.model_copy(update=changes)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (_rule(), "recall@20 .080 is below popularity's .110 (59 queries)"),
        (
            _rule(slice="cold_start", pooled=True, num_queries=1495, num_own_queries=2),
            "recall@20 of cold-start queries .080 is below popularity's .110 "
            "(1,495 queries of all regions, 2 of its own)",
        ),
        (
            make_rule("champion", "mrr", "champion", 0.05, 0.09),
            "MRR .050 is below champion's .090 (59 queries)",
        ),
        (
            make_rule("floor", "mrr", "", 0.05, 0.09),
            "MRR .050 is below the floor .090 (59 queries)",
        ),
        (
            make_rule("ann_recall", "ann_recall", "", 0.9, 0.95),
            "ANN recall .900 is below the floor .950 (59 queries)",
        ),
        (
            _rule(outcome="undecided", num_queries=2),
            "recall@20 .080 cannot be told from popularity's .110 by 2 queries",
        ),
        (
            changed(make_rule("floor", "mrr", "", 0.05, 0.09), outcome="undecided", num_queries=1),
            "MRR .050 cannot be told from the floor .090 by 1 query",
        ),
        (
            _rule(reference="champion", value=None, difference=None, outcome="undecided"),
            "recall@20 has nothing to compare with: the champion could not be measured",
        ),
        (
            _rule(value=None, difference=None, outcome="undecided", num_queries=0),
            "recall@20 has no query to be measured on",
        ),
    ],
)
def test_why_a_rule_holds_back(rule: GateDecision, reason: str) -> None:
    assert wording.rule_reason(rule, 20) == reason


def test_what_a_rule_asks() -> None:
    assert wording.rule_name(_rule(), 20) == "recall@20 not worse than popularity"
    assert wording.rule_name(_rule(slice="low_degree"), 5) == (
        "recall@5 not worse than popularity, low-degree"
    )
    assert wording.rule_name(make_rule("floor", "mrr", "", 0.1, 0.05), 20) == "MRR at least .050"
    assert wording.rule_summary(_rule(), 20) == "recall@20 vs popularity"


def test_a_day_in_words(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    assert wording.summary(collect(config, AS_OF)) == [
        "The day has no snapshot: it was not run, or stopped before or during the validation of "
        "its source."
    ]
    example_day.write_validation(config)
    assert "stopped after the source was validated" in wording.headline(collect(config, AS_OF))
    example_day.write_example_day(config)
    assert wording.summary(collect(config, AS_OF)) == [
        "1 of 2 regions went live.",
        "west was refused because recall@20 .080 is below popularity's .110 (59 queries); "
        "its popular list serves, labelled as such.",
    ]


def test_a_refused_source_in_words(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    example_day.write_validation(config, num_bad=6)
    assert wording.summary(collect(config, AS_OF))[1:] == [
        "edges/visited was refused: 6 of 500 rows are bad, 1.00% may be."
    ]


def test_a_day_that_stopped_half_way_in_words(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    example_day.write_validation(config)
    write_tiny_snapshot(config, regions=("east",))
    example_day.write_evaluation(config, AS_OF, Region("east"), 0.3)
    summary = wording.summary(collect(config, AS_OF))
    assert summary[:2] == [
        "The day has not been published; it has 1 region.",
        "east is unfinished: its shard is missing; nothing serves it.",
    ]
    assert summary[2].startswith("Not there: train-model, generate-embeddings-train,")


def test_a_forced_region_is_called_forced(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    release = example_day.write_example_day(config)
    lake, west = Lake(config), Region("west")
    entry = release.regions[west].model_copy(update={"serves": "model"})
    regions = {**release.regions, west: entry}
    lake.storage.write(
        lake.layout.release(release.id), release.model_copy(update={"regions": regions}).to_bytes()
    )
    live = json_of_live(lake).replace('"serves":"popular"', '"serves":"model"')
    lake.storage.write(lake.layout.live, live.encode())
    summary = wording.summary(collect(config, AS_OF))
    assert summary[0] == "2 of 2 regions went live."
    assert summary[1].endswith("popularity's .110 (59 queries); it was forced live.")


def json_of_live(lake: Lake) -> str:
    """Reads the pointer's text."""
    return lake.storage.read(lake.layout.live).decode()


def test_who_overruled_the_gate_or_made_it_looser_is_said() -> None:
    release = Release.model_validate(
        {
            "id": "r",
            "as_of": "20260101T000000Z",
            "snapshot_id": "s",
            "mode": "auto",
            "forced_by": "me",
            "forced_why": "a test",
            "regions": {},
        }
    )
    assert release_note(release) == ""
    looser = {"looser": ["gate.min_mrr is 0, the YAML says 0.1"]}
    note = (
        "The gate was looser than the YAML's, by me: a test "
        "(gate.min_mrr is 0, the YAML says 0.1)."
    )
    assert release_note(release.model_copy(update=looser)) == note
    forced = release.model_copy(update={"mode": "force", **looser})
    assert release_note(forced) == f"Forced by me: a test. {note}"


def test_a_release_that_could_not_be_measured_is_said_once_for_all_regions(
    tmp_path: Path,
) -> None:
    config = tiny_config(tmp_path)
    example_day.write_example_day(config)
    day = collect(config, AS_OF)
    regions = tuple(
        replace(region, evaluation=replace(region.evaluation, unmeasured={"champion": "gone."}))
        for region in day.regions
        if region.evaluation
    )
    said = "The champion of east and west could not be measured, so its rules are undecided: gone."
    assert said in wording.summary(replace(day, regions=regions))
    assert said not in wording.summary(day)


def test_a_fixed_number_of_epochs_is_said_with_its_reason(tmp_path: Path) -> None:
    config, why = tiny_config(tmp_path), "the fit holdout judges 3, training.min_queries is 30"
    write_tiny_snapshot(config)
    example_day.write_model(config, AS_OF, Region("east"), why)
    said = f"number of epochs: east, {SOURCE} (4 epochs: the fit holdout judges 3, training"
    assert [line for line in wording.summary(collect(config, AS_OF)) if said in line]
    example_day.write_model(config, AS_OF, Region("west"))
    assert f"west, {SOURCE} (4" not in " ".join(wording.summary(collect(config, AS_OF)))
