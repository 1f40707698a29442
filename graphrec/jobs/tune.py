"""tune: searches settings of the recommender that do better on a day's fit holdout."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from graphrec.jobs.progress import Lines
from graphrec_core.config.written import changed_lines, recommender_lines
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError
from graphrec_core.evaluation.contest import PerQuery, score
from graphrec_core.judging.trial import Trials
from graphrec_core.judging.tune import Search, Tuned, study_id_of
from graphrec_core.types import ArtifactId


def run(
    day: Day,
    progress: Lines,
    num_trials: int,
    timeout_s: float,
    study: str = "",
    *,
    is_whole: bool = False,
) -> dict[str, Any]:
    """Searches, and says what it would change.

    Args:
        day: The day; its recommender is where the search begins.
        progress: Told how each trial ended.
        num_trials: Trials of this call.
        timeout_s: No trial begins after so many seconds; 0: no limit.
        study: File of the trials; empty: one in the lake.
        is_whole: Whether it shows the whole new section, for a file that has no line to change.

    Raises:
        ConfigError: The lake is in no folder of this machine, and no file is named.
        AbsentError: The day has no snapshot, a source no model, or a ranker no earlier window.
        EmptyTableError: No region has a fit view.
    """
    trials = Trials(day)
    num_regions, name = len(trials.regions), study_id_of(trials)
    progress.say(f"study {name}: {num_regions} regions, {len(trials.earlier)} earlier windows")
    file = Path(study) if study else _file_in_lake(day, name)
    return _told(Search(trials, file, progress.say).run(num_trials, timeout_s), is_whole=is_whole)


def _file_in_lake(day: Day, study_id: ArtifactId) -> Path:
    uri = urlsplit(day.lake.storage.uri(day.lake.layout.tuning(study_id)))
    if uri.scheme not in ("", "file"):
        raise ConfigError(
            must="What was tried is kept in a file of this machine.",
            found=f"a lake by {uri.scheme}",
            fix="Name a file with --study FILE.",
        )
    return Path(unquote(uri.path))


def _told(tuned: Tuned, *, is_whole: bool) -> dict[str, Any]:
    lines = changed_lines(tuned.old, tuned.new)
    ratio = tuned.ratio and dict(zip(("value", "low", "high"), tuned.ratio, strict=True))
    return {
        "study": tuned.study_id,
        "num_trials": tuned.num_trials,
        "num_pruned": tuned.num_pruned,
        "num_queries": tuned.num_queries,
        "old": _scores(tuned.old_metrics),
        "new": _scores(tuned.new_metrics),
        "ratio": ratio,
        "lines": recommender_lines(tuned.new) if lines and is_whole else lines,
    }


def _scores(values: PerQuery) -> dict[str, float]:
    means = {name: float(one.mean()) for name, one in values.items()}
    return {"score": score(values), **means}


def as_text(found: dict[str, Any]) -> str:
    """Writes what was found: old and new score, and the lines that would change."""
    if not found["lines"]:
        return (
            f"Nothing of {found['num_trials']} trials is better than what is configured "
            f"({_figures(found['old'])}, {found['num_queries']} queries of the fit holdout)."
        )
    ratio, sure = found["ratio"], ""
    if ratio is not None:
        value, low, high = (ratio[name] for name in ("value", "low", "high"))
        sure = f", {value:.3f} times the old score (95 %: {low:.3f} to {high:.3f})"
    return "\n".join(
        [
            f"Old: {_figures(found['old'])}",
            f"New: {_figures(found['new'])}{sure}",
            f"By {found['num_queries']} queries of the fit holdout, of which the best of "
            f"{found['num_trials']} trials is flattered: the gate judges by other ones.",
            "",
            *found["lines"],
        ]
    )


def _figures(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
