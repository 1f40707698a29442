"""The page a person reads in the morning: one self-contained HTML file about one day."""

from dataclasses import replace
from typing import Any

from graphrec_core.config import PipelineConfig, StepName, sources_of
from graphrec_core.evaluation.metrics import METRICS, judged_metrics
from graphrec_core.html import html_template
from graphrec_core.report import plots, wording
from graphrec_core.report.backtest import plot_days
from graphrec_core.report.chances_picture import plot_dependence, plot_reliability
from graphrec_core.report.choice_picture import contender_rows, plot_choice
from graphrec_core.report.day import DayReport
from graphrec_core.report.embedding_picture import Floats, plot_embeddings, read_sample
from graphrec_core.report.figures import Picture
from graphrec_core.report.found import FoundDay
from graphrec_core.report.gate_picture import plot_gate
from graphrec_core.report.ranker_picture import plot_ranker
from graphrec_core.report.systems import recommender_title, system_colours, system_title
from graphrec_core.types import View


def render_page(found: FoundDay, day: DayReport) -> str:
    """Renders the day as HTML without scripts and without links to other hosts.

    Args:
        found: The day's artefacts, for the vectors.
        day: The same day as values.
    """
    page = html_template(
        "graphrec_core.report",
        "page.html.j2",
        share=wording.share,
        count=wording.count,
        day_of=wording.day_of,
        rule_name=wording.rule_name,
        rule_value=wording.rule_value,
        rule_bound=wording.rule_bound,
        against=wording.against,
        queries_of=wording.queries_of,
        scope=wording.step_scope,
    )
    config, k = found.day.config, found.day.config.evaluation.k
    pictures = _pictures(found, day, config)
    day = replace(day, damaged=dict(found.damaged))  # also what was found while drawing
    return page.render(
        day=day,
        config=config,
        gates={region.region: region.gate for region in day.regions},
        summary=wording.summary(day),
        recommender=recommender_title(config.recommender),
        trains=bool(sources_of(StepName.TRAIN, config.recommender)),
        learns=config.recommender.num_windows > 0,
        chooses=bool(config.recommender.challengers),
        contenders=contender_rows(day.choice) if day.choice else [],
        chosen_by=wording.chosen_by,
        systems=_systems(day, config),
        metrics=[(name, wording.metric_heading(name, day.k)) for name in METRICS],
        judged=[(one.name, wording.metric_heading(one.name, day.k)) for one in judged_metrics()],
        came={one.name: wording.metric_heading(one.name, k) for one in judged_metrics()},
        no_shares=[one.title_at(day.k) for one in METRICS.values() if not one.is_share],
        pictures=pictures,
    )


def _systems(day: DayReport, config: PipelineConfig) -> list[tuple[str, str]]:
    """Lists name and title of the systems that were measured in some region."""
    found = {
        system
        for region in day.regions
        if region.evaluation
        for system in region.evaluation.metrics
    }
    known = system_colours(config.recommender)
    return [(name, system_title(name)) for name in known if name in found]


def _pictures(found: FoundDay, day: DayReport, config: PipelineConfig) -> dict[str, Any]:
    enough = config.gate.min_queries
    return {
        "metrics": plots.plot_metrics(day, config),
        "gates": {r.region: plot_gate(r.rules, r.region, day.k, enough) for r in day.regions},
        "sizes": plots.plot_sizes(day),
        "training": plots.plot_training(day.models),
        "choice": plot_choice(day.choice),
        "rankers": {
            name: {
                "looks": plot_ranker(one),
                "dependence": plot_dependence(one),
                "reliability": plot_reliability(one),
            }
            for name, one in day.rankers.items()
        },
        "embeddings": _embeddings(found, config),
        "steps": plots.plot_steps(day),
        "forward": [plot_days(figures, one.name, config) for one in judged_metrics()]
        if (figures := day.last_releases.figures)
        else [],
    }


def _embeddings(found: FoundDay, config: PipelineConfig) -> Picture | None:
    samples: dict[str, dict[str, Floats]] = {}
    ntypes = (config.task.query, config.task.candidate)
    encoders = {name: one for name, one in config.recommender.sources.items() if one.is_trained}
    for region in found.regions:
        for name, settings in encoders.items():
            embedded = found.of(StepName.EMBED, View.SERVE, name)
            artifact = embedded[settings.region_of(region)]
            if artifact is not None:
                title = region if len(encoders) == 1 else f"{region}, {name}"
                with found.damaged.noted(f"the serve embedding of {title}"):
                    samples[title] = read_sample(artifact, region, ntypes)
    return plot_embeddings(samples)
