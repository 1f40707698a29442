"""What the report calls the systems that were measured, and how it draws them.

The judged model, the scorers of the registry, and earlier releases, in this order.
"""

from collections.abc import Mapping

from graphrec_core.config.model import RECOMMENDERS, scorers
from graphrec_core.evaluation.systems import MODEL
from graphrec_core.ledger.past import CHAMPION, ELDER, SAME_DAY

RELEASED_TITLES = {
    CHAMPION: "champion",
    SAME_DAY: "earlier release of the day",
    ELDER: "older champion",
}
RELEASED_COLOURS = {CHAMPION: "#b0479a", SAME_DAY: "#5b9bd5", ELDER: "#7a6a00"}


def system_titles() -> Mapping[str, str]:
    """Returns name -> title of every system."""
    baselines = {entry.name: entry.title for entry in scorers()}
    return {MODEL: MODEL, **baselines, **RELEASED_TITLES}


def system_colours(encoder: str) -> Mapping[str, str]:
    """Returns name -> colour of every system; the model has its encoder's."""
    baselines = {entry.name: entry.colour for entry in scorers()}
    return {MODEL: RECOMMENDERS[encoder].colour, **baselines, **RELEASED_COLOURS}


def short_titles() -> Mapping[str, str]:
    """Returns name -> title of those that a narrow table has a column for."""
    return {MODEL: MODEL} | {one.name: one.short_title for one in scorers() if one.short_title}
