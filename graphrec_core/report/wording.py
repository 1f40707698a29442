"""Figures and decisions in plain words, the same in the page and in the terminal."""

from collections.abc import Sequence

from graphrec_core.config.recommender import OWN
from graphrec_core.evaluation.metrics import METRICS
from graphrec_core.lake.records import Better, ChoiceFigures, GateDecision
from graphrec_core.ledger.past import RELEASED
from graphrec_core.publishing.deciding import release_note
from graphrec_core.report.day import DayReport, RegionDay
from graphrec_core.report.systems import system_title
from graphrec_core.types import ALL_REGIONS, Region

OTHER_METRICS = {"ann_recall": "ANN recall", "num_queries": "number of queries"}
"""Names of what rules judge, also in old releases, beside the metrics of an evaluation."""
NUM_NAMED = 5
"""Regions that a sentence names before it counts."""


def share(value: float | None) -> str:
    """Writes a figure in [0, 1] with three decimals and no leading zero: ``.081``."""
    if value is None:
        return "-"
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def count(value: float | None) -> str:
    """Writes a whole number with thousands separated."""
    return "-" if value is None else f"{value:,.0f}"


def metric_name(metric: str, k: int | None) -> str:
    """Names a metric with its cut-off: ``recall@20``."""
    found = METRICS.get(metric)
    return found.title_at(k) if found else OTHER_METRICS.get(metric, metric)


def metric_heading(metric: str, k: int | None) -> str:
    """Names a metric, and its direction where that is not the usual one."""
    less = " (less is better)" if METRICS[metric].better is Better.SMALLER else ""
    return metric_name(metric, k) + less


def rule_name(rule: GateDecision, k: int | None) -> str:
    """Says what a rule asks: ``recall@20 not worse than popularity, cold start``."""
    metric, where = metric_name(rule.metric, k), _slice(rule, ", {}")
    if rule.reference:
        return f"{metric} not worse than {system_title(rule.reference)}{where}"
    return f"{metric} {rule.better.at_limit} {rule_bound(rule)}{where}"


def rule_reason(rule: GateDecision, k: int | None) -> str:
    """Says why a rule holds back: ``recall@20 .080 is below popularity's .110 (59 queries)``."""
    metric = metric_name(rule.metric, k) + _slice(rule, " of {} queries")
    if rule.is_unmeasured:
        return f"{metric} has nothing to compare with: {_the(rule)} could not be measured"
    if rule.value is None:
        return f"{metric} has no query to be measured on"
    other = f"the {rule.better.limit} {rule_bound(rule)}"
    if rule.difference is not None:
        other = f"{system_title(rule.reference)}'s {share(against(rule))}"
    if rule.outcome == "undecided":
        return f"{metric} {rule_value(rule)} cannot be told from {other} by {queries_of(rule)}"
    side = rule.better.worse_side
    return f"{metric} {rule_value(rule)} is {side} {other} ({queries_of(rule)})"


def queries_of(rule: GateDecision) -> str:
    """Says how many queries a rule was judged on: ``495 queries of all regions, 2 of its own``."""
    text = f"{count(rule.num_queries)} {'query' if rule.num_queries == 1 else 'queries'}"
    own = f" of all regions, {count(rule.num_own_queries)} of its own" if rule.pooled else ""
    return text + own


def rule_summary(rule: GateDecision, k: int | None) -> str:
    """Names what a rule compared, for a narrow cell: ``recall@20 vs popularity``."""
    against_what = rule.reference or f"its {rule.better.limit}"
    return f"{metric_name(rule.metric, k)} vs {against_what}{_slice(rule, ' ({})')}"


def rule_value(rule: GateDecision) -> str:
    """Writes what a rule measured."""
    return _figure(rule, rule.value)


def rule_bound(rule: GateDecision) -> str:
    """Writes the worst value that passes; of a comparison, the worst difference."""
    return _figure(rule, rule.bound)


def against(rule: GateDecision) -> float | None:
    """Returns the value of the system that a rule compares with; None where it has none."""
    if rule.value is None or rule.difference is None:
        return None
    return float(rule.value - rule.difference)


def region_sentence(region: RegionDay) -> str:
    """Says in one sentence what became of a region."""
    if region.gate == "missing":
        parts = {"its evaluation": region.evaluation, "its shard": region.shard}
        missing = [name for name, part in parts.items() if part is None]
        return f"{region.region} is unfinished: {_join(missing)} is missing{_instead(region)}."
    if region.gate != "passed":
        was = "was refused" if region.gate == "refused" else "is undecided"
        reasons = [rule_reason(rule, _k(region)) for rule in region.refusals]
        because = f" because {_join(reasons)}" if reasons else ""
        return f"{region.region} {was}{because}{_instead(region)}."
    if region.is_live:
        return f"{region.region} passed the gate and is live."
    if not region.is_live_known:
        return f"{region.region} passed the gate{_instead(region)}."
    if region.released is None:
        return f"{region.region} passed the gate but is not published{_instead(region)}."
    return f"{region.region} passed the gate but is not live{_instead(region)}."


def small_regions(day: DayReport) -> list[str]:
    """Says which regions were decided by all of them together, and which slices warn."""
    pooled = [f"{one.region} ({_num_queries(one)})" for one in day.regions if one.is_pooled]
    small = [f"{one.region} ({_join(_warned(one))})" for one in day.regions if one.warnings]
    return [
        f"{what}: {few(names)}."
        for what, names in (
            ("Too few queries of their own for a rule, so judged on all regions", pooled),
            ("Slices too small to tell, which holds nobody back", small),
        )
        if names
    ]


def silent_sources(day: DayReport) -> list[str]:
    """Says which sources propose nothing, where, and what they lack."""
    return [
        f"{name} proposes nothing in {few(one.regions)}: it needs {one.needs}."
        for name, one in day.silent.items()
    ]


def fixed_epochs(day: DayReport) -> list[str]:
    """Says which models could not find their number of epochs, why, and how many they ran."""
    fixed = [
        f"{step_scope(model.region, model.source)} "
        f"({model.best_epoch} epochs: {model.stats.why_fixed})"
        for model in day.models
        if model.stats.why_fixed
    ]
    return [f"Too little past to find the number of epochs: {few(fixed)}."] if fixed else []


def headline(day: DayReport) -> str:
    """Says in one sentence how the day went."""
    if day.snapshot is None:
        if "the snapshot" in day.damaged:
            return "The day's snapshot is damaged."
        if day.validations:
            return "The day has no snapshot: it stopped after the source was validated."
        return (
            "The day has no snapshot: it was not run, or stopped before or during the validation "
            "of its source."
        )
    num, num_live = len(day.regions), sum(region.is_live for region in day.regions)
    if num == 0:
        return "No region had anything to process."
    if day.live is None:
        return f"What serves the {num} region{'s' * (num > 1)} now is not known: LIVE is damaged."
    if day.release is None and num_live == 0:
        return f"The day has not been published; it has {num} region{'s' * (num > 1)}."
    return f"{num_live} of {num} region{'s' * (num > 1)} went live."


def summary(day: DayReport) -> list[str]:
    """Says how the day went: headline, damage, what did not go live, what was skipped."""
    sentences = [headline(day), *(_refused_source(day) if day.snapshot is None else [])]
    sentences += [
        f"{what[0].upper()}{what[1:]} is damaged: {why.rstrip('.')}."
        for what, why in day.damaged.items()
    ]
    sentences += [release_note(day.release)] if day.release and release_note(day.release) else []
    sentences += [
        region_sentence(region)
        for region in day.regions
        if not (region.is_live and region.gate == "passed")
    ]
    sentences += silent_sources(day)
    sentences += chosen_recommenders(day)
    sentences += small_regions(day)
    sentences += fixed_epochs(day)
    sentences += _unmeasured(day)
    sentences += _parted(day)
    sentences += [
        f"{name} was skipped: {reason.rstrip('.')}."
        for name, reason in sorted(day.empty_regions.items())
    ]
    if day.missing_steps and day.snapshot is not None:
        names = dict.fromkeys(step.step for step in day.missing_steps)
        sentences.append(f"Not there: {_join(list(names))}.")
    return sentences


CHOSEN_BY = {
    "region": "best on its own queries",
    "pool": "best on the queries of all regions",
    "default": "configured; too little to choose by",
}


def chosen_by(by: str) -> str:
    """Says what chose a region's recommender."""
    return CHOSEN_BY.get(by, "")


def chosen_recommenders(day: DayReport) -> list[str]:
    """Says which recommender was chosen for which regions, and who could not compete."""
    if day.choice is None:
        return []
    regions: dict[str, list[str]] = {}
    for region in day.choice.chosen:
        regions.setdefault(_chosen(day.choice, region), []).append(region)
    found = [f"{start} {_join(at)}." for start, at in regions.items()]
    unjudged = day.choice.unjudged.items()
    return found + [f"{name} did not compete: {why}." for name, why in unjudged]


def _chosen(choice: ChoiceFigures, region: Region) -> str:
    """Starts the sentence of what serves a region: who was chosen, or why nobody was."""
    if choice.chosen_by[region] != "default":
        return f"Chosen on the fit holdout: {choice.chosen[region]} for"
    if OWN in {**choice.unjudged, **choice.left_out.get(region, {})}:
        return "The configured recommender could not compete, so nobody was chosen for"
    return "There was too little to choose by, so the configured recommender stays in"


def _figure(rule: GateDecision, value: float | None) -> str:
    return count(value) if rule.metric.startswith("num_") else share(value)


def _slice(rule: GateDecision, pattern: str) -> str:
    return "" if rule.slice in ("", "all") else pattern.format(rule.slice.replace("_", "-"))


def _parted(day: DayReport) -> list[str]:
    """Says of which releases less came than the holdout had promised."""
    last = day.last_releases
    return [
        f"Of the release of {day_of(name)} less came than its holdout had promised: "
        f"{_join([metric_heading(one, last.figures['k']) for one in metrics])}."
        for name, metrics in last.parted.items()
        if last.figures
    ]


def _unmeasured(day: DayReport) -> list[str]:
    """Says which earlier releases could not be measured, where, and why in the first region."""
    found: dict[str, dict[str, str]] = {}
    for region in day.regions:
        for name, why in region.evaluation.unmeasured.items() if region.evaluation else ():
            found.setdefault(name, {})[region.region] = why
    return [
        f"The {system_title(name)} of {few(list(whys))} could not be measured, so its rules are "
        f"undecided: {next(iter(whys.values())).rstrip('.')}."
        for name, whys in found.items()
    ]


def _refused_source(day: DayReport) -> list[str]:
    """Says which tables had too many bad rows."""
    return [
        f"{name} was refused: {count(row.num_rejected)} of {count(row.num_rows)} rows are "
        f"bad, {validation.max_bad_rows_frac:.2%} may be."
        for validation in day.validations
        for name in validation.refused_tables
        for row in [validation.tables[name]]
    ]


def day_of(as_of: str) -> str:
    """Writes the day of an instant that ``format_instant`` wrote: ``2010-09-01``."""
    return f"{as_of[:4]}-{as_of[4:6]}-{as_of[6:8]}"


def step_scope(region: str, source: str = "") -> str:
    """Names a step's region, ``all`` for an artefact of every one, and the source it is for."""
    where = "all" if region == ALL_REGIONS else region
    return f"{where}, {source}" if source else where


def few(names: Sequence[str]) -> str:
    """Names some of several, and counts the others."""
    more = len(names) - NUM_NAMED
    return _join(names) if more <= 0 else f"{', '.join(names[:NUM_NAMED])} and {more} more"


def _instead(region: RegionDay) -> str:
    live = region.live
    if region.is_live and region.released is not None and region.released.passed:
        return "; gate.undecided let it live"
    if region.is_live:
        return "; it was forced live"
    if not region.is_live_known:
        return "; what serves it is not known"
    if live is None:
        return "; nothing serves it"
    if live.serves == "popular":
        return "; its popular list serves, labelled as such"
    return f"; the shard of {day_of(live.as_of)} serves"


def _the(rule: GateDecision) -> str:
    name = system_title(rule.reference)
    return f"the {name}" if rule.reference in RELEASED else name


def _num_queries(region: RegionDay) -> str:
    return count(region.evaluation.num_queries if region.evaluation else None)


def _warned(region: RegionDay) -> list[str]:
    found = {_slice(rule, "{}"): rule.num_queries for rule in region.warnings}
    return [f"{name} {count(num)}" for name, num in found.items()]


def _k(region: RegionDay) -> int | None:
    return region.evaluation.k if region.evaluation else None


def _join(parts: Sequence[str]) -> str:
    return " and ".join(([", ".join(parts[:-1])] if len(parts) > 1 else []) + list(parts[-1:]))
