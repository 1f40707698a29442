"""What each source and each family of features is worth: the recommender without it.

On Gowalla's trial days, never on the days that it is tested on. A source that is left out proposes
nothing and is no feature; a family that is left out is no feature. Everything else stays, and the
ranker is fitted anew.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bench.measured import NUM_CORES
from bench.offline import Forward, Values, differences, fit, gowalla, judge, pooled
from graphrec_core.judging.ranker_window import RankerWindow
from graphrec_core.retrieval.pair_features import MERGE_OFFSET, OF_SOURCES, feature_names

MERGED = "reciprocal_ranks"
FAMILIES = {
    "sources' ranks": rf".*_rank|{MERGED}",
    "sources' scores": r".*_score",
    "popularity": r"candidate_((num|new)_queries.*|trend|novelty|events_per_query)",
    "age of the candidate": r"candidate_days.*",
    "activity of the query": r"query_.*",
    "distance": r".*_km|nearness",
    "attributes": r"attribute.*",
    "other edges": r"incoming.*|neighbours.*|other_events",
}
"""Family -> its features; a feature of none is a family of its own."""
Named = tuple[RankerWindow, list[str]]
"""Pairs, and the names of their features."""


Change = Callable[[RankerWindow], Named]
"""Pairs -> those without something."""


def ablation(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Leaves each source and each family out, on two days; with ``--quick`` on the first alone."""
    found: dict[str, list[Values]] = {}
    for forward in gowalla(given):
        for what, values in judged_without(forward).items():
            found.setdefault(what, []).append(values)
    whole = pooled(found.pop(""))
    return [row for what, several in found.items() for row in rows(what, pooled(several), whole)]


def judged_without(forward: Forward) -> dict[str, Values]:
    """Returns each query's metrics without each source and family; without nothing first."""
    changes = changes_of(forward)
    # LightGBM fits on one thread, and leaves the interpreter to others meanwhile.
    with ThreadPoolExecutor(NUM_CORES) as pool:
        return dict(
            zip(changes, pool.map(partial(_judged, forward), changes.values()), strict=True)
        )


def changes_of(forward: Forward) -> dict[str, Change]:
    """Names what can be left out, and how: nothing, each source, each family."""
    sources, names = forward.sources, forward.names
    found: dict[str, Change] = {"": partial(without, names=names, left_out=())}
    for one in sources if len(sources) > 1 else ():
        found[f"source {one}"] = partial(without_source, sources=sources, left_out=one)
    for family, members in families(names).items():
        found[family] = partial(without, names=names, left_out=members)
    return found


def _judged(forward: Forward, change: Change) -> Values:
    changed = [change(one) for one in forward.windows]
    _, names = changed[0]
    model = fit([pairs for pairs, _ in changed], names, forward.ranker)
    return pooled(
        judge(model, replace(one, pairs=change(one.pairs)[0]), forward.config)
        for one in forward.judged
    )


def families(names: Sequence[str]) -> dict[str, list[str]]:
    """Parts features into families: each is in one."""
    found: dict[str, list[str]] = {}
    for name in names:
        family = next((one for one, own in FAMILIES.items() if re.fullmatch(own, name)), name)
        found.setdefault(family, []).append(name)
    return found


def without(pairs: RankerWindow, names: Sequence[str], left_out: Sequence[str]) -> Named:
    """Drops features."""
    kept = [place for place, name in enumerate(names) if name not in left_out]
    return replace(pairs, features=pairs.features[:, kept]), [names[place] for place in kept]


def without_source(pairs: RankerWindow, sources: Sequence[str], left_out: str) -> Named:
    """Drops what one source proposes and its features; the others are merged without it."""
    names = feature_names(sources)
    ranks = pairs.features[:, [names.index(f"{one}_rank") for one in sources if one != left_out]]
    is_proposed = ~np.isnan(ranks).all(axis=1)
    features = pairs.features[is_proposed]
    features[:, names.index(MERGED)] = np.nansum(1 / (MERGE_OFFSET + ranks[is_proposed]), axis=1)
    fewer = RankerWindow(
        pairs.region, features, pairs.is_met[is_proposed], pairs.queries[is_proposed]
    )
    return without(fewer, names, [f"{left_out}_{what}" for what in OF_SOURCES])


def rows(what: str, values: Values, whole: Values) -> list[dict[str, Any]]:
    """Says what a metric loses, or gains, without something; there is no bound."""
    name = f"ablation, without {what}: {{metric}} less that of the whole"
    return differences(name, values, whole, "the whole")
