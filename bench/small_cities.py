"""Do small cities gain from the ranker of all cities, against one fitted to each city alone?

On Gowalla's trial days, by the same sources, features and settings.
"""

import argparse
from collections import Counter
from typing import Any

from bench.offline import Forward, Values, differences, fit, gowalla, judge, pooled
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
    without = sorted(set(sizes) - set(found))
    half = f"the smaller half ({', '.join(small)})"
    half += f", without {', '.join(without)}, which have no click to learn from" if without else ""
    return [*rows(half, several, must_gain=True), *told]


def compared(forward: Forward) -> dict[Region, tuple[Values, Values]]:
    """Judges in each region the ranker of all regions and the region's own, if it has clicks."""
    everyone = fit(forward.windows, forward.names, forward.ranker)
    found = {}
    for one in forward.judged:
        region = one.pairs.region
        own = [window for window in forward.windows if window.region == region]
        if not any(window.is_met.any() for window in own):
            continue
        alone = fit(own, forward.names, forward.ranker)
        both = (judge(model, one, forward.config) for model in (everyone, alone))
        found[region] = (next(both), next(both))
    return found


def rows(where: str, both: list[tuple[Values, Values]], *, must_gain: bool = False) -> list[Row]:
    """Says how much better the ranker of all regions is, and whether that is more than chance."""
    everyone, alone = (pooled(one[place] for one in both) for place in (0, 1))
    name = f"small cities, {where}: {{metric}} of the ranker of all cities less its own's"
    return differences(name, everyone, alone, "its own", must_gain=must_gain)
