"""``recommender: auto``: what recommends where a pipeline does not say it.

It follows from the YAML alone, and becomes settings like any others when the pipeline is read:
steps, ids and documents see no ``auto``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import yaml

from graphrec_core.config.model import (
    EaseConfig,
    FriendsConfig,
    ModelConfig,
    NearestConfig,
    NeighboursConfig,
    PopularityConfig,
    ReciprocalConfig,
    Scope,
    SpectralConfig,
)
from graphrec_core.config.recommender import (
    CHALLENGERS,
    MERGING,
    RANKER,
    SECTION,
    SOURCES,
    LightGBMConfig,
)
from graphrec_core.config.region import RegionConfig
from graphrec_core.config.source import SourceConfig
from graphrec_core.config.task import TaskConfig
from graphrec_core.config.time import TimeConfig

AUTO = "auto"
DEFAULT_RANKER = {"model": LightGBMConfig().model}
STRONG = ("explained", "people", "spectrum")
"""Sources that may serve alone where nothing that merges them is better."""
COORDINATES = frozenset({"latitude", "longitude"})
RECENT_HORIZONS = 4
"""Horizons that recent popularity looks back: a month where a week is held out."""


@dataclass(frozen=True)
class Facts:
    """The sections of a pipeline that ``auto`` follows from."""

    source: SourceConfig
    task: TaskConfig
    region: RegionConfig
    time: TimeConfig

    @classmethod
    def of(cls, sections: Mapping[str, Any]) -> Self | None:
        """Takes them from the sections of a pipeline; None where mistakes are in them."""
        names = [field.name for field in fields(cls)]
        if not set(names) <= set(sections):
            return None
        found = cls(**{name: sections[name] for name in names})
        return found if found.task.candidate in found.source.nodes else None


def is_auto(section: object) -> bool:
    """Tells whether a ``recommender`` leaves it to ``auto`` what proposes.

    A mapping that names neither source nor model does: it says at most who orders and competes.
    """
    if isinstance(section, Mapping):
        return not set(section) - {RANKER, CHALLENGERS}
    return section == AUTO


def resolved(section: object, sections: Mapping[str, Any]) -> object:
    """Returns a pipeline's ``recommender`` without ``auto``.

    Args:
        section: As the YAML has it.
        sections: The pipeline's other sections, validated; one with a mistake is left out, which
            is said elsewhere.

    Raises:
        ValueError: The YAML does not tell what ``auto`` follows from.
    """
    if not is_auto(section):
        return section
    given = section if isinstance(section, Mapping) else {}
    facts = Facts.of(sections)
    if facts is None:
        return given
    ranker = given.get(RANKER, {})
    if isinstance(ranker, Mapping):
        ranker = {**DEFAULT_RANKER, **ranker}
    return {**_written(_sources(facts), ranker), **given, RANKER: ranker}


def _sources(facts: Facts) -> dict[str, ModelConfig]:
    task, time = facts.task, facts.time
    days = min(RECENT_HORIZONS * time.horizon_days, time.window_days)
    # Candidates without a home are what all regions say about them.
    is_shared = facts.region.home.get(task.candidate) == "everywhere"
    scope: Scope = "global" if is_shared else "region"
    sources: dict[str, ModelConfig] = {
        "explained": EaseConfig(scope=scope),
        "people": NeighboursConfig(scope=scope),
        "spectrum": SpectralConfig(scope=scope),
        "recent": PopularityConfig(window_days=days),
    }
    for number, edge in enumerate(_friendships(facts), 1):
        sources["friends" if number == 1 else f"friends_{number}"] = FriendsConfig(edge=edge)
    if task.recommends_peers:
        sources["waiting"] = ReciprocalConfig()
    if _has_coordinates(facts, sources):
        sources["nearby"] = NearestConfig()
    return sources


def _friendships(facts: Facts) -> list[str]:
    """Names the edge types that join queries to queries; empty text: the task's own."""
    task = facts.task
    joined = {name: task.ends_of(edge) for name, edge in facts.source.edges.items()}
    found = sorted(name for name, ends in joined.items() if set(ends) == {task.query})
    return ["" if name == task.edge else name for name in found]


def _has_coordinates(facts: Facts, sources: Mapping[str, ModelConfig]) -> bool:
    ntype = facts.task.candidate
    if facts.region.home.get(ntype) == "coordinates":
        return True
    # sqlglot takes longer to load than all the rest: whoever names the sources does without.
    from graphrec_core.config.columns import OTHERS, columns_of

    found = columns_of(facts.source.nodes[ntype], facts.source.tables)
    if OTHERS in found and not found >= COORDINATES:
        settings = yaml.safe_dump(
            _written(sources, DEFAULT_RANKER), default_flow_style=True, width=10**6
        )
        raise ValueError(
            f"`auto` follows from the columns that source.nodes.{ntype} yields, and its `*` does "
            "not tell them: name the columns, or write what recommends, such as "
            f"{SECTION}: {settings.strip()}"
        )
    return found >= COORDINATES


def _written(sources: Mapping[str, ModelConfig], ranker: object) -> dict[str, Any]:
    """Returns a recommender as a YAML would say it."""
    named = {
        name: {"model": one.model, **one.model_dump(mode="json", exclude_defaults=True)}
        for name, one in sources.items()
    }
    return {SOURCES: named, RANKER: ranker, CHALLENGERS: _challengers(ranker)}


def _challengers(ranker: object) -> dict[str, Any]:
    """Returns what competes with a ranker: what needs none, for markets too small for one."""
    settings = ranker if isinstance(ranker, Mapping) else {}
    if settings.get("num_windows") == 1:
        return {}  # nothing is left to judge it by
    alone = {f"{name}_alone": {"sources": [name]} for name in STRONG}
    return alone if settings.get("model") == MERGING["model"] else {"merged": {}, **alone}
