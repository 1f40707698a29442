"""Says what is wrong with a pipeline's settings: which key, which line, what must hold."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from graphrec_core.config.recommender import CHALLENGERS, RANKER, RANKERS, SECTION, SOURCES
from graphrec_core.config.recommenders import models
from graphrec_core.config.yaml_reader import KeyPath

DOTTED = re.compile(r"\b[a-z_]+(?:\.[a-z0-9_]+)+\b")
OVERRIDE = 0
"""The line of a value that an override set."""

GONE = {
    "task.start_node": "it is gone: a source that asks nothing about a query, such as "
    "recommender.sources.recent: {model: popularity}, answers those without history",
    "time.calendar": "it is gone: select the day, such as weekday(event_time) as day, and name "
    "the column in source.edges.<type>.features",
    "training.validation_frac": "it is gone: training is stopped by the fit holdout, the "
    "time.horizon_days after the fit view",
    "source.holidays": "it is gone: join the table of holidays in the SELECT of an edge type, and "
    "name the column in source.edges.<type>.features",
}
"""Keys of earlier versions, and what to write instead."""


def problems(error: ValidationError, lines: Mapping[KeyPath, int]) -> Iterator[str]:
    """Yields one sentence a mistake.

    Args:
        error: What the models found.
        lines: Line of every key of the file, from 1; ``OVERRIDE`` for what an override set.
    """
    for problem in error.errors(include_url=False, include_input=False):
        loc = _as_written(tuple(str(part) for part in problem["loc"]))
        message = problem["msg"].removeprefix("Value error, ")
        is_model = problem["type"].startswith("union_tag")
        at = (*loc, "model") if is_model else loc
        place = _place(_named_key(message, lines) or _known(at, lines), lines)
        where = ".".join(loc) or "the pipeline"
        if is_model:
            message = f"its model must be one of {', '.join(_models_at(loc))}"
        if problem["type"] == "extra_forbidden":
            yield f"unknown key {where}{place}" + (f", {GONE[where]}" if where in GONE else "")
        else:
            yield f"{where}: {message}{place}"


def note_override(lines: dict[KeyPath, int], path: KeyPath) -> None:
    """Forgets the lines of what an override replaced, and notes what it adds."""
    for key in [key for key in lines if key[: len(path)] == path]:
        del lines[key]
    for depth in range(1, len(path) + 1):
        lines.setdefault(path[:depth], OVERRIDE)


def _as_written(loc: KeyPath) -> KeyPath:
    """Leaves out what pydantic adds to a source's or a ranker's place: its model, or a mark."""
    if depth := _depth_of_ranker(loc):
        return loc[:depth] + loc[depth + 1 :]
    return loc[:3] + loc[4:] if loc[:2] == (SECTION, SOURCES) else loc


def _models_at(loc: KeyPath) -> Iterator[str]:
    """Names what the model of a source, or of a ranker, may be."""
    if _depth_of_ranker(loc):
        return (one.model_fields["model"].default for one in RANKERS)
    return (entry.name for entry in models())


def _depth_of_ranker(loc: KeyPath) -> int:
    """Returns how deep the ranker that holds a place lies; 0: none holds it."""
    if loc[:2] == (SECTION, RANKER):
        return 2
    return 4 if loc[:2] == (SECTION, CHALLENGERS) and loc[3:4] == (RANKER,) else 0


def _known(loc: Sequence[str], lines: Mapping[KeyPath, int]) -> KeyPath:
    """Follows a model's place through the file, which lacks the model's own additions to it."""
    path: KeyPath = ()
    for part in loc:
        if (*path, part) in lines:
            path = (*path, part)
    return path


def _named_key(message: str, lines: Mapping[KeyPath, int]) -> KeyPath:
    """Finds the first key that a message names and the file has."""
    keys = (tuple(match.split(".")) for match in DOTTED.findall(message))
    return next((key for key in keys if key in lines), ())


def _place(path: KeyPath, lines: Mapping[KeyPath, Any]) -> str:
    while path and path not in lines:
        path = path[:-1]
    if not path:
        return ""
    return " (an override)" if lines[path] == OVERRIDE else f" (line {lines[path]})"
