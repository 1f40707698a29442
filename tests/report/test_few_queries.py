"""A region of two queries: marked in words, table and page, and it stretches no axis."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from graphrec.jobs import status
from graphrec_core.config import PipelineConfig
from graphrec_core.lake import Lake
from graphrec_core.lake.records import GateDecision, Outcome
from graphrec_core.ledger.release import list_releases
from graphrec_core.report import plots, wording
from graphrec_core.report.collect import collect, collect_found
from graphrec_core.report.day import DayReport, RegionDay
from graphrec_core.report.found import find_day
from graphrec_core.report.gate_picture import arrows, difference_limits, plot_gate
from graphrec_core.report.page import render_page
from graphrec_core.report.table import render_run_table
from graphrec_core.types import Region
from tests.support import example_day
from tests.support.snapshots import AS_OF, tiny_config

pytestmark = pytest.mark.pipeline


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    config = tiny_config(tmp_path)
    example_day.write_example_day(config)
    return config


def _decision(outcome: Outcome = "undecided", num: int = 2, **changes: object) -> GateDecision:
    """Recall 0 against popularity's .75."""
    fields: dict[str, object] = {
        "rule": "baseline", "slice": "all", "metric": "recall", "reference": "popularity",
        "value": 0.0, "bound": -0.0375, "difference": -0.75, "interval_low": -1.0,
        "interval_high": 1.0, "num_queries": num, "num_own_queries": num, "pooled": False,
        "outcome": outcome,
    }  # fmt: skip
    return GateDecision.model_validate({**fields, **changes})


def _store(
    config: PipelineConfig, region: str, rules: list[GateDecision], **changes: object
) -> None:
    """Rewrites what the stored release says of a region."""
    lake = Lake(config)
    (release,) = list_releases(lake)
    update = {"rules": tuple(rules), **changes}
    entry = release.regions[Region(region)].model_copy(update=update)
    regions = {**release.regions, Region(region): entry}
    stored = release.model_copy(update={"regions": regions})
    lake.storage.write(lake.layout.release(release.id), stored.to_bytes())


def _with_queries(day: DayReport, **numbers: int) -> DayReport:
    def changed(region: RegionDay) -> RegionDay:
        assert region.evaluation is not None
        num = numbers.get(region.region, region.evaluation.num_queries)
        return replace(region, evaluation=replace(region.evaluation, num_queries=num))

    return replace(day, regions=tuple(changed(region) for region in day.regions))


def _draw(day: DayReport) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    console.print(render_run_table(day))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_an_undecided_region_is_said_everywhere(config: PipelineConfig) -> None:
    warning = _decision(rule="slice", slice="cold_start")
    changes = {"verdict": "undecided", "follows": "keep", "passed": False}
    _store(config, "west", [_decision(), warning], **changes)
    day = _with_queries(collect(config, AS_OF), west=2)
    assert day.regions[1].gate == "undecided"
    assert wording.summary(day)[1:3] == [
        "west is undecided because recall@20 .000 cannot be told from popularity's .750 by "
        "2 queries; its popular list serves, labelled as such.",
        "Slices too small to tell, which holds nobody back: west (cold-start 2).",
    ]
    text = _draw(day)
    assert re.search(r"west .* undecided", text)
    assert "2 queries" in text
    assert "recall@20 vs" in text
    page = render_page(find_day(config, AS_OF), day)
    for words in (
        'west: <span class="mark undecided">undecided</span> · 2 queries · what serves stays',
        '<span class="mark undecided">undecided</span>, warning</td>',
    ):
        assert words in page
    state = status.run(config, None)["regions"]["west"]
    assert state["gate"] == "undecided"
    assert [rule["reference"] for rule in state["refusals"]] == ["popularity"]


def test_a_region_that_the_pool_let_live_is_marked(config: PipelineConfig) -> None:
    pooled = _decision("passed", 495, num_own_queries=2, pooled=True)
    _store(config, "east", [pooled])
    day = _with_queries(collect(config, AS_OF), east=2)
    assert "Too few queries of their own for a rule, so judged on all regions: east (2)." in (
        wording.summary(day)
    )
    assert "2 queries, pooled" in _draw(day)
    page = render_page(find_day(config, AS_OF), day)
    assert "east: <span" in page
    assert "· 2 queries, pooled" in page
    assert "all regions (pooled), 2 of its own" in page
    state = status.run(config, None)["regions"]["east"]
    assert (state["num_queries"], state["pooled"]) == (59, True)


def test_many_small_regions_are_one_sentence(config: PipelineConfig) -> None:
    pooled = _decision("passed", 495, num_own_queries=2, pooled=True)
    _store(config, "east", [pooled])
    day = collect(config, AS_OF)
    east = day.regions[0]
    day = replace(day, regions=tuple(replace(east, region=Region(f"r{n}")) for n in range(200)))
    (sentence,) = wording.small_regions(day)
    assert sentence.endswith("r0 (59), r1 (59), r2 (59), r3 (59), r4 (59) and 195 more.")


def test_what_was_stored_before_there_was_undecided_is_read(config: PipelineConfig) -> None:
    """A lake of an older version: its status and its page say passed and refused."""
    lake = Lake(config)
    (release,) = list_releases(lake)
    stored = json.loads(release.to_bytes())
    for entry in stored["regions"].values():
        del entry["verdict"], entry["follows"]
        for rule in entry["rules"]:
            rule["passed"] = rule.pop("outcome") == "passed"
            rule["small"] = True
            del rule["num_own_queries"]
    lake.storage.write(lake.layout.release(release.id), json.dumps(stored).encode())
    day = collect_found(find_day(config, AS_OF))
    assert [region.gate for region in day.regions] == ["passed", "refused"]
    assert [rule.reference for rule in day.regions[1].refusals] == ["popularity"]
    assert status.run(config, None)["regions"]["west"]["gate"] == "refused"


def test_few_queries_do_not_stretch_the_gates_axis() -> None:
    wide = _decision("undecided", 12, interval_low=-0.9, interval_high=0.4)
    sure = _decision(
        "passed", 500, difference=0.05, interval_low=0.01, interval_high=0.09, bound=-0.02
    )
    low, high = difference_limits([_decision(), wide, sure], 100)
    assert (low, high) == pytest.approx((-0.02 - 0.08 * 0.11, 0.09 + 0.08 * 0.11))
    # Where nothing is sure, what can conclude sets it; and what cannot has no interval.
    assert difference_limits([_decision(), wide], 100)[0] < -0.9
    assert difference_limits([_decision()], 100) == pytest.approx((-0.81, 0.06))


def test_an_interval_that_goes_beyond_the_axis_has_an_arrow_there() -> None:
    limits = (-0.02, 0.1)
    assert arrows((-1.0, 1.0), limits) == [(-0.02, "<"), (0.1, ">")]  # of one query
    assert arrows((-0.9, 0.05), limits) == [(-0.02, "<")]
    assert arrows((-0.9, -0.5), limits) == [(-0.02, "<")]  # all of it lies beyond
    assert arrows((0.0, 0.4), limits) == [(0.1, ">")]
    assert arrows((-0.02, 0.1), limits) == arrows((), limits) == []


def test_few_queries_do_not_stretch_the_metrics_axis(config: PipelineConfig) -> None:
    day = collect(config, AS_OF)
    values = [[0.3, 0.11], [1.0, 0.2]]
    assert plots.greatest(values, [True, False]) == 0.3
    assert plots.greatest(values, [False, False]) == 1.0
    assert plots.greatest([[], []], [True, False]) == 1.0
    assert plots.plot_metrics(_with_queries(day, east=500, west=2), config) is not None


def test_the_picture_of_two_queries_differs_from_one_of_many() -> None:
    few, many = (
        _decision(),
        _decision("failed", 500, interval_low=-0.8, interval_high=-0.7),
    )
    drawn = [plot_gate([rule], "west", 20, 100) for rule in (few, many)]
    images = [base64.b64decode(one.uri.split(",")[1]).decode() for one in drawn if one]
    assert len(images) == 2
    assert images[0].count("#c79a00") > 0
    assert "#c79a00" not in images[1]
    assert plot_gate([], "west", 20, 100) is None
