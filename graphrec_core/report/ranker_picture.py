"""What the learned ranker looks at: its features by their share of the trees' gain."""

from graphrec_core.lake.records import RankerFigures
from graphrec_core.report.figures import SEQUENCE, Picture, as_svg, drawing
from graphrec_core.report.plots import ROW_IN, name_rows
from graphrec_core.retrieval.chance_model import REGION
from graphrec_core.retrieval.learned_ranker import strongest
from graphrec_core.retrieval.pair_features import PAIR_FEATURES

MOST_SHOWN = 12


def plot_ranker(ranker: RankerFigures) -> Picture | None:
    """Draws the features that matter most; None where nothing was fitted."""
    if not ranker.importance:
        return None
    shown = strongest(ranker.importance, MOST_SHOWN)
    with drawing(8.4, 0.9 + ROW_IN * len(shown)) as figure:
        axes = figure.subplots()
        axes.barh(range(len(shown)), list(shown.values()), color=SEQUENCE[0], height=0.6)
        axes.set_xlabel("share of what all tell")
        name_rows(axes, [feature_title(name) for name in shown])
        return as_svg(figure, "What the ranker looks at: its features by their share of the gain")


def feature_title(name: str) -> str:
    """Returns a feature with its meaning and unit, as people read it."""
    meanings = {one.name: f"{one.meaning} ({one.unit})" for one in PAIR_FEATURES}
    if name in meanings:
        return f"{name}\n{meanings[name]}"
    if name == REGION:
        return "region\nwhere the query is"
    source, _, what = name.rpartition("_")
    return f"{name}\nits {what} in the source {source}"
