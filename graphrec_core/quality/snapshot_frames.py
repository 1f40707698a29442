"""A snapshot's figures as small frames that suites can be run on, beside those of the last days.

All of them name rows by ``KEYS``: region, part (a view or a holdout) and what was counted.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from graphrec_core.config.quality import QualityConfig
from graphrec_core.lake.layout import holdout_table
from graphrec_core.lake.records import RegionFigures, ViewFigures
from graphrec_core.quality.drift import stability_index
from graphrec_core.quality.history import PastDay
from graphrec_core.types import Region, View

KEYS = ("region", "part", "what")
Key = tuple[str, str]


def count_frame(
    regions: Mapping[Region, RegionFigures], days: Sequence[PastDay], config: QualityConfig
) -> pd.DataFrame:
    """Compares every region's counts with the least and the most of the last days.

    ``change_frac`` is 0 inside that range, outside it the distance to it as a share of its bound.
    Regions that are gone count nothing. Left out are regions and counts with fewer than
    ``min_history`` days, and counts that were always below ``min_count``.

    Returns:
        KEYS, today, least_of_last_days, most_of_last_days, change_frac.
    """
    rows = []
    for region, past in _with_history(regions, days, config).items():
        counts, before = (
            dict(_counts(regions.get(region))),
            [dict(_counts(one)) for one in past],
        )
        for part, what in sorted(set(counts).union(*before)):
            today = counts.get((part, what), 0)
            known = [one[part, what] for one in before if (part, what) in one]
            if len(known) < config.min_history or max(today, *known) < config.min_count:
                continue
            least, most = min(known), max(known)
            change = (
                today / max(1, most) - 1 if today > most else min(0.0, today / max(1, least) - 1)
            )
            rows.append((region, part, what, today, least, most, change))
    columns = [*KEYS, "today", "least_of_last_days", "most_of_last_days", "change_frac"]
    return pd.DataFrame(rows, columns=columns)


def degree_frame(
    regions: Mapping[Region, RegionFigures], days: Sequence[PastDay], config: QualityConfig
) -> pd.DataFrame:
    """Measures how far the degrees of each node type are from those of the last days.

    Returns:
        KEYS, num_nodes, drift (see ``stability_index``); without types of fewer than ``min_count``
        nodes today or on all but fewer than ``min_history`` earlier days.
    """
    rows = []
    for region, past in _with_history(regions, days, config).items():
        now, before = _histograms(regions.get(region)), [_histograms(one) for one in past]
        for (part, what), counts in sorted(now.items()):
            known = [
                one[part, what]
                for one in before
                if sum(one.get((part, what), ())) >= config.min_count
            ]
            if len(known) >= config.min_history and sum(counts) >= config.min_count:
                drift = stability_index(counts, known)
                rows.append((region, part, what, sum(counts), drift))
    return pd.DataFrame(rows, columns=[*KEYS, "num_nodes", "drift"])


def halo_frame(regions: Mapping[Region, RegionFigures], config: QualityConfig) -> pd.DataFrame:
    """Measures the share of edges that cross a border; types of few edges are left out.

    Returns:
        KEYS, num_edges, halo_frac.
    """
    rows = [
        (region, str(view), etype, num_edges, figures.num_halo_edges[etype] / num_edges)
        for region in sorted(regions)
        for view, figures in regions[region].views.items()
        for etype, num_edges in sorted(figures.num_edges.items())
        if num_edges >= config.min_count
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "num_edges", "halo_frac"])


def without_history(
    regions: Mapping[Region, RegionFigures], days: Sequence[PastDay], config: QualityConfig
) -> list[Region]:
    """Names the regions that too few of the last days know."""
    return sorted(set(regions) - set(_with_history(regions, days, config)))


def _with_history(
    regions: Mapping[Region, RegionFigures], days: Sequence[PastDay], config: QualityConfig
) -> dict[Region, list[RegionFigures]]:
    """Region, of today or gone -> its figures on the last days, where these are enough.

    A day on which it was broken counts for none: the one before them stands in for it.
    """
    past = {}
    for name in sorted(set(regions).union(*(day.regions for day in days))):
        oldest = config.history_days + sum(name in day.broken for day in days)
        found = [day.regions[name] for day in days if name in day.regions and day.age <= oldest]
        if len(found) >= config.min_history:
            past[name] = found
    return past


def _counts(figures: RegionFigures | None) -> Iterator[tuple[Key, int]]:
    """Yields what is compared; nothing of a region that is gone."""
    if figures is None:
        return
    for view, one in _begun(figures).items():
        for ntype, num in one.num_home_nodes.items():
            yield (str(view), f"num_home_nodes {ntype}"), num
        for etype, num in one.num_edges.items():
            yield (str(view), f"num_edges {etype}"), num
        yield (str(view), "num_candidates"), one.num_candidates
    for view, holdout in figures.holdouts.items():
        if view in _begun(figures):
            yield (holdout_table(view), "num_pairs"), holdout.num_pairs
            yield (holdout_table(view), "num_queries"), holdout.num_queries


def _begun(figures: RegionFigures) -> dict[View, ViewFigures]:
    """Leaves out a fit view that has no edge: the source begins after it, and nothing is gone."""
    return {
        view: one
        for view, one in figures.views.items()
        if view is not View.FIT or any(one.num_edges.values())
    }


def _histograms(figures: RegionFigures | None) -> dict[Key, Sequence[int]]:
    views = figures.views if figures is not None else {}
    return {
        (str(view), ntype): counts
        for view, one in views.items()
        for ntype, counts in one.degree_histogram.items()
    }
