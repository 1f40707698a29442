"""What the report calls the systems that were measured, and how it draws them.

The judged recommender, its sources where it has several, the scorers of the registry, and earlier
releases, in this order.
"""

from collections.abc import Mapping

from graphrec_core.config.recommender import RecommenderConfig
from graphrec_core.config.recommenders import RECOMMENDERS, scorers
from graphrec_core.evaluation.systems import MODEL, SOURCE_PREFIX, source_system
from graphrec_core.ledger.past import CHAMPION, ELDER, SAME_DAY

RELEASED_TITLES = {
    CHAMPION: "champion",
    SAME_DAY: "earlier release of the day",
    ELDER: "older champion",
}
RELEASED_COLOURS = {CHAMPION: "#222222", SAME_DAY: "#8a8f94", ELDER: "#7a6a00"}
MERGED_COLOUR = "#0072b2"
SOURCE_COLOURS = ("#56b4e9", "#cc79a7", "#7fa800", "#6b5bb5", "#8a5a2b", "#4f5d75")
"""Of sources, in their order, again from the first where there are more.

The first two and the baselines' are told apart by the colour-blind, too (Okabe and Ito, "Color
universal design", 2008); the kind of a system shows in its marker as well.
"""


def system_title(name: str) -> str:
    """Returns how people read a system's name; unknown ones stay as they are."""
    if name.startswith(SOURCE_PREFIX):
        return f"{name.removeprefix(SOURCE_PREFIX)} alone"
    titles = {entry.name: entry.title for entry in scorers()} | RELEASED_TITLES
    return titles.get(name, name)


def system_colours(recommender: RecommenderConfig) -> Mapping[str, str]:
    """Returns name -> colour of every system, in order; that of an only source is its model's."""
    baselines = {entry.name: entry.colour for entry in scorers()}
    sources = recommender.sources
    if len(sources) == 1 and not recommender.num_windows:
        (only,) = sources.values()
        return {MODEL: RECOMMENDERS[only.model].colour, **baselines, **RELEASED_COLOURS}
    own = {
        source_system(name): SOURCE_COLOURS[place % len(SOURCE_COLOURS)]
        for place, name in enumerate(sources)
    }
    return {MODEL: MERGED_COLOUR, **own, **baselines, **RELEASED_COLOURS}


def system_marker(name: str) -> str:
    """Returns matplotlib's marker of a system: its kind has a shape, itself a colour."""
    if name == MODEL:
        return "o"
    if name.startswith(SOURCE_PREFIX):
        return "D"
    return "x" if name in RELEASED_TITLES else "|"


def short_titles() -> Mapping[str, str]:
    """Returns name -> title of those that a narrow table has a column for."""
    return {MODEL: MODEL} | {one.name: one.short_title for one in scorers() if one.short_title}


def recommender_title(recommender: RecommenderConfig) -> str:
    """Says what recommends: its model, or the sources with theirs and what merges them."""
    titles = {
        name: RECOMMENDERS[one.model].title + (", one model for all regions" * one.is_global)
        for name, one in recommender.sources.items()
    }
    rivals = f"; challengers: {', '.join(recommender.challengers)}"
    ending = rivals if recommender.challengers else ""
    if len(titles) == 1 and not recommender.ranker.is_fitted:
        return next(iter(titles.values())) + ending
    named = ", ".join(f"{name} ({title})" for name, title in titles.items())
    ranker = recommender.ranker
    return (
        f"{named}, "
        + ("ordered by a learned ranker" if ranker.is_fitted else "merged by reciprocal rank")
        + ending
    )
