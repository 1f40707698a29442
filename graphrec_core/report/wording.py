"""Figures and decisions in plain words, the same in the page and in the terminal."""

from collections.abc import Sequence

from graphrec_core.report.day import Day, RegionDay, Rule
from graphrec_core.types import ALL_REGIONS

METRIC_NAMES = {"recall": "recall@{k}", "mrr": "MRR", "ndcg": "NDCG@{k}", "hit_rate": "hit rate@{k}"}
SYSTEM_NAMES = {
    "model": "model",
    "popularity": "popularity",
    "covisitation": "co-visitation",
    "champion": "champion",
}


def share(value: float | None) -> str:
    """Writes a figure in [0, 1] with three decimals and no leading zero: ``.081``."""
    if value is None:
        return "–"
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def count(value: float | None) -> str:
    """Writes a whole number with thousands separated."""
    return "–" if value is None else f"{value:,.0f}"


def metric_name(metric: str, k: int | None) -> str:
    """Names a metric with its cut-off: ``recall@20``."""
    return METRIC_NAMES.get(metric, metric).format(k="k" if k is None else k)


def rule_name(rule: Rule) -> str:
    """Names a rule shortly, for a table: ``recall not worse than popularity, cold_start``."""
    where = f", {rule['slice']}" if rule["slice"] not in ("", "all") else ""
    if rule["reference"]:
        return f"{rule['metric']} not worse than {rule['reference']}{where}"
    return f"{rule['metric']} at least {share(rule['bound'])}{where}"


def rule_reason(rule: Rule, k: int | None) -> str:
    """Says why a rule refused: ``recall@20 .080 is below popularity's .110``."""
    metric = "ANN recall" if rule["rule"] == "ann_recall" else metric_name(rule["metric"], k)
    where = f" on {rule['slice']} queries" if rule["slice"] not in ("", "all") else ""
    if rule["pooled"]:
        where += " over all regions"
    if not rule["reference"]:
        return f"{metric}{where} {share(rule['value'])} is below the floor {share(rule['bound'])}"
    name = SYSTEM_NAMES.get(rule["reference"], rule["reference"])
    reference = rule["value"] - rule["difference"]
    return f"{metric}{where} {share(rule['value'])} is below {name}'s {share(reference)}"


def region_sentence(region: RegionDay) -> str:
    """Says in one sentence what became of a region."""
    if region.gate == "refused":
        reasons = [rule_reason(rule, _k(region)) for rule in region.refusals]
        return f"{region.region} was refused because {_join(reasons)}{_instead(region)}."
    if region.gate == "missing":
        parts = {"its evaluation": region.evaluation, "its shard": region.shard}
        missing = [name for name, part in parts.items() if part is None]
        return f"{region.region} is unfinished: {_join(missing)} is missing{_instead(region)}."
    if region.is_live:
        return f"{region.region} passed the gate and is live."
    if region.released is None:
        return f"{region.region} passed the gate but is not published{_instead(region)}."
    return f"{region.region} passed the gate but is not live{_instead(region)}."


def headline(day: Day) -> str:
    """Says in one sentence how the day went."""
    if not day.has_snapshot:
        if day.validations:
            return "The day has no snapshot: it stopped after the source was validated."
        return "The day has no snapshot: it stopped before or during the validation of its source."
    num, num_live = len(day.regions), sum(region.is_live for region in day.regions)
    if num == 0:
        return "No region had anything to process."
    if day.release is None and num_live == 0:
        return f"The day has not been published; it has {num} region{'s' * (num > 1)}."
    return f"{num_live} of {num} region{'s' * (num > 1)} went live."


def summary(day: Day) -> list[str]:
    """Says how the day went: the headline, then what did not go live, then what was skipped."""
    sentences = [headline(day)]
    ordered = sorted(day.regions, key=lambda region: region.is_live)
    sentences += [region_sentence(region) for region in ordered if not region.is_live]
    sentences += [
        f"{name} was skipped: {reason.rstrip('.')}."
        for name, reason in sorted(day.empty_regions.items())
    ]
    if day.missing_steps and day.has_snapshot:
        names = dict.fromkeys(step.step for step in day.missing_steps)
        sentences.append(f"Not there: {_join(list(names))}.")
    return sentences


def step_scope(region: str) -> str:
    """Names a step's region: ``all`` for an artefact of every region."""
    return "all" if region == ALL_REGIONS else region


def _instead(region: RegionDay) -> str:
    live = region.live
    if live is None:
        return "; nothing serves it"
    if live.serves == "popular":
        return "; its popular list serves, labelled as such"
    return f"; the shard of {live.as_of[:4]}-{live.as_of[4:6]}-{live.as_of[6:8]} serves"


def _k(region: RegionDay) -> int | None:
    return region.evaluation.k if region.evaluation else None


def _join(parts: Sequence[str]) -> str:
    return " and ".join(([", ".join(parts[:-1])] if len(parts) > 1 else []) + list(parts[-1:]))
