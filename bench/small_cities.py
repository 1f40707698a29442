"""Do small cities gain from the ranker of all cities, against one fitted to each city alone?

On Gowalla's trial days, by the same sources, features and settings.
"""

import argparse
from collections import Counter
from typing import Any

from bench.intervals import interval
from bench.offline import METRIC_NAMES, Forward, Values, fit, gowalla, judge, pooled
from graphrec_core.types import Region

Row = dict[str, Any]


def small_cities(given: argparse.Namespace) -> list[Row]:
    """Compares the rankers in each city, and over the smaller half of them together."""
    found: dict[Region, list[tuple[Values, Values]]] = {}
    sizes = Counter[Region]()
    for forward in gowalla(given):
        sizes += Counter({one.pairs.region: len(one.queries) for one in forward.judged})
        for region, both in compared(forward).items():
            found.setdefault(region, []).append(both)
    by_size = sorted(found, key=lambda region: (sizes[region], region))
    small = by_size[: len(by_size) // 2]
    told = [row for region in by_size for row in rows(str(region), found[region])]
    several = [both for region in small for both in found[region]]
    return [*rows(f"the smaller half ({', '.join(small)})", several, least=0.0), *told]


def compared(forward: Forward) -> dict[Region, tuple[Values, Values]]:
    """Judges in each region the ranker of all regions and the region's own."""
    everyone = fit(forward.windows, forward.names, forward.ranker)
    found = {}
    for one in forward.judged:
        region = one.pairs.region
        own = [window for window in forward.windows if window.region == region]
        alone = fit(own, forward.names, forward.ranker)
        both = (judge(model, one, forward.config) for model in (everyone, alone))
        found[region] = (next(both), next(both))
    return found


def rows(where: str, both: list[tuple[Values, Values]], least: float | None = None) -> list[Row]:
    """Says how much better the ranker of all regions is; ``least`` is the bound, None: none."""
    everyone, alone = (pooled(one[place] for one in both) for place in (0, 1))
    found = []
    for metric in METRIC_NAMES:
        difference = everyone[metric] - alone[metric]
        low, high = interval(difference)
        value = float(difference.mean())
        found.append({
            "name": f"small cities, {where}: {metric} of the ranker of all cities less its own's",
            "value": round(value, 4),
            "interval": [round(low, 4), round(high, 4)],
            "bound": least,
            "peer": f"its own: {alone[metric].mean():.4f}",
            "queries": len(difference),
            "pass": least is None or value >= least,
        })  # fmt: skip
    return found
