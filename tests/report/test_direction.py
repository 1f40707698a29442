"""A metric of which less is better, in words, tables and pictures."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.evaluation import EvaluationConfig
from graphrec_core.config.gate import GateConfig
from graphrec_core.evaluation.evidence import Evidence
from graphrec_core.evaluation.metrics import Metric
from graphrec_core.evaluation.rules import judge
from graphrec_core.lake.records import Better, GateDecision
from graphrec_core.report import wording
from graphrec_core.report.collect import collect, collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.gate_picture import by_scale, draw_part, plot_gate
from graphrec_core.report.page import render_page
from graphrec_core.report.plots import plot_metrics
from graphrec_core.report.table import render_run_table, width
from graphrec_core.types import Region
from tests.support import example_day
from tests.support.mean_rank import mean_rank
from tests.support.snapshots import AS_OF, tiny_config

pytestmark = pytest.mark.pipeline

__all__ = ["mean_rank"]
RANKS = {"model": 15.25, "popularity": 31.5, "covisitation": 12.5}


@pytest.fixture
def config(tmp_path: Path, mean_rank: Metric) -> PipelineConfig:
    """A day whose evaluation of the east has the metric; the west's is older."""
    config = tiny_config(tmp_path)
    example_day.write_example_day(config)
    return config


def _page(config: PipelineConfig) -> str:
    found = find_day(config, AS_OF)
    evaluation = found.of(StepName.EVALUATE)[Region("east")]
    assert evaluation is not None
    for system, rank in RANKS.items():
        evaluation.manifest.stats["metrics"][system]["mean_rank"] = rank
    return render_page(found, collect_found(found))


def decisions() -> list[GateDecision]:
    gate = GateConfig(baselines=("popularity",))
    columns = {"degree": np.full(5000, 50)}
    for system, share, rank in (("model", 0.2, 45.0), ("popularity", 0.2, 20.0)):
        columns |= {f"{system}_{metric}": np.full(5000, share) for metric in ("recall", "mrr")}
        columns[f"{system}_mean_rank"] = np.full(5000, rank)
    return judge(Evidence(gate, EvaluationConfig(), pa.table(columns)))


def test_the_least_is_the_best_and_the_heading_says_so(config: PipelineConfig) -> None:
    page = _page(config)
    assert re.search(r'<td class="best">12\.500</td>', page)
    assert not re.search(r'<td class="best">(31\.500|15\.250)</td>', page)
    assert '<th scope="col">mean rank (less is better)</th>' in page
    assert "Shares in [0, 1] but for mean rank; the best" in page
    assert "recall@20 and MRR and mean rank (less is better)</caption>" in page


def test_an_older_evaluation_has_a_dash(config: PipelineConfig) -> None:
    assert wording.metric_heading("recall", 20) == "recall@20"
    console = Console(width=width(), record=True)
    console.print(render_run_table(collect(config, AS_OF)))
    text = console.export_text()
    assert "mean rank" in text
    assert all(len(line) <= width() for line in text.splitlines())


def test_reasons_name_the_right_side(mean_rank: Metric) -> None:
    ceiling, baseline = (rule for rule in decisions() if rule.metric == "mean_rank")
    assert wording.rule_name(ceiling, 20) == "mean rank at most 40.000"
    assert wording.rule_summary(ceiling, 20) == "mean rank vs its ceiling"
    assert wording.rule_reason(ceiling, 20) == (
        "mean rank 45.000 is above the ceiling 40.000 (5,000 queries)"
    )
    assert wording.rule_name(baseline, 20) == "mean rank not worse than popularity"
    assert wording.rule_reason(baseline, 20) == (
        "mean rank 45.000 is above popularity's 20.000 (5,000 queries)"
    )


def test_ranks_and_shares_do_not_share_an_axis(mean_rank: Metric) -> None:
    compared = [rule for rule in decisions() if rule.difference is not None]
    parts = {name: [rule.metric for rule in part] for name, part in by_scale(compared).items()}
    assert parts == {"shares": ["recall", "mrr"], "mean_rank": ["mean_rank"]}


@pytest.mark.parametrize(("better", "marker"), [(Better.SMALLER, "<"), (Better.GREATER, ">")])
def test_worse_is_left(better: Better, marker: str) -> None:
    """A rise of 25 lies beyond the axis on the left where less is better, else on the right."""
    (rule,) = [rule for rule in decisions() if rule.key[2:] == ("recall", "popularity")]
    changes = {"difference": 25.0, "better": better, "interval_low": 24.0, "interval_high": 26.0}
    axes = Figure().subplots()
    draw_part(axes, [rule.model_copy(update=changes)], (-1.0, 2.0), 20)
    left, right = axes.get_xlim()
    assert (left > right) == (better is Better.SMALLER)
    assert [line.get_marker() for line in axes.lines].count(marker) == 1
    assert ("greatest" if better is Better.SMALLER else "least") in axes.get_xlabel()


def test_every_metric_has_its_own_picture(config: PipelineConfig) -> None:
    found = find_day(config, AS_OF)
    picture = plot_metrics(collect_found(found), config)
    assert picture is not None
    assert plot_gate(decisions(), "east", 20, 100) is not None
