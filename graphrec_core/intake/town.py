"""The town: a generated market of several regions whose right recommendations are known.

Every region has communities of equal taste. A user visits places of their own community, more
popular ones more often; a share of the visits is noise (popular places of the whole region), and
a share is travel: the same taste lived in another region. Users sign up over time, so some are
new. Equal settings give equal bytes.
"""

import logging
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graphrec_core.config.source import TownConfig
from graphrec_core.lake.identity import digest
from graphrec_core.lake.lake import Lake
from graphrec_core.types import ArtifactId

logger = logging.getLogger(__name__)

REGION_NAMES = [
    "ash",
    "birch",
    "cedar",
    "dogwood",
    "elm",
    "fir",
    "ginkgo",
    "hazel",
    "ivy",
    "juniper",
    "katsura",
    "larch",
    "maple",
    "nutmeg",
    "oak",
    "pine",
    "quince",
    "rowan",
    "spruce",
    "teak",
    "ulmo",
    "viburnum",
    "willow",
    "xylosma",
    "yew",
    "zelkova",
]
KINDS = ("bakery", "bar", "cafe", "cinema", "gym", "library", "market", "museum", "park", "pool")
DAY_S = 86_400
SIGN_UP_FRAC = 0.9
"""Users sign up evenly over this first share of the history."""
POPULARITY_EXPONENT = 0.7
"""A place's weight falls with its rank to this power (Zipf)."""


@dataclass(frozen=True)
class Town:
    """The town's three tables."""

    users: pa.Table
    places: pa.Table
    visits: pa.Table


def ensure_town(lake: Lake, town: TownConfig) -> str:
    """Writes the town's tables into the lake unless they are there.

    Returns:
        The URI of their folder, to be used as ``source.root``.
    """
    folder = lake.layout.town(ArtifactId(digest(town.model_dump(mode="json"))))
    names = ("users", "places", "visits")
    if not all(lake.storage.exists(f"{folder}/{name}.parquet") for name in names):
        logger.info("generating the town: %d regions", town.num_regions)
        tables = generate_town(town)
        for name in names:
            sink = pa.BufferOutputStream()
            pq.write_table(getattr(tables, name), sink, compression="zstd")
            data = sink.getvalue().to_pybytes()
            lake.storage.write_if_absent(f"{folder}/{name}.parquet", data)
    return lake.storage.uri(folder)


def generate_town(town: TownConfig) -> Town:
    """Generates the town's tables.

    Returns:
        users (user, age, signed_up), places (place, region, kind, community, opened, name) and
        visits (user, place, visited_at); times are UTC.
    """
    rng = np.random.default_rng(town.seed)
    num_users = town.num_regions * town.num_users
    num_places = town.num_regions * town.num_places
    user_region = np.repeat(np.arange(town.num_regions), town.num_users)
    user_community = rng.integers(0, town.num_communities, num_users)
    place_region = np.repeat(np.arange(town.num_regions), town.num_places)
    place_community = np.tile(np.arange(town.num_places) % town.num_communities, town.num_regions)
    start_s = int(town.end.timestamp()) - town.num_days * DAY_S
    signed_up_s = start_s + (
        rng.random(num_users)
        * SIGN_UP_FRAC
        * town.num_days
        * DAY_S
        * (rng.random(num_users) < 0.5)
    ).astype(np.int64)

    visitor, visited_s = _visit_times(rng, town, signed_up_s)
    region = _visited_region(rng, town, user_region[visitor])
    taste = np.where(rng.random(len(visitor)) < town.noise_frac, -1, user_community[visitor])
    place = _choose_places(rng, town, region, taste)
    names = np.array(REGION_NAMES)
    user_ids = _ids(names[user_region], "u", np.tile(np.arange(town.num_users), town.num_regions))
    place_ids = _ids(
        names[place_region], "p", np.tile(np.arange(town.num_places), town.num_regions)
    )
    kinds = np.array(KINDS)[place_community % len(KINDS)]
    users = pa.table(
        {
            "user": user_ids,
            "age": (18 + 5 * (user_community % 10) + rng.integers(0, 12, num_users)),
            "signed_up": _times(signed_up_s),
        }
    )
    places = pa.table(
        {
            "place": place_ids,
            "region": names[place_region],
            "kind": kinds,
            "community": place_community,
            "opened": _times(np.full(num_places, start_s)),
            "name": np.char.add(np.char.add(kinds, " of "), place_ids),
        }
    )
    visits = pa.table(
        {
            "user": user_ids[visitor],
            "place": place_ids[place],
            "visited_at": _times(visited_s),
        }
    )
    return Town(users, places, visits)


def _visit_times(
    rng: np.random.Generator, town: TownConfig, signed_up_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draws who visits when: visits per user are in proportion to the days since sign-up."""
    end_s = int(town.end.timestamp())
    share = (end_s - signed_up_s) / (town.num_days * DAY_S)
    counts = np.maximum(rng.poisson(town.events_per_user * share), 1)
    visitor = np.repeat(np.arange(len(signed_up_s)), counts)
    span_s = (end_s - signed_up_s)[visitor]
    visited_s = signed_up_s[visitor] + (rng.random(len(visitor)) * span_s).astype(np.int64)
    order = np.lexsort((visitor, visited_s))
    return visitor[order], visited_s[order]


def _visited_region(rng: np.random.Generator, town: TownConfig, home: np.ndarray) -> np.ndarray:
    if town.num_regions == 1:
        return home
    travels = rng.random(len(home)) < town.travel_frac
    step = rng.integers(1, town.num_regions, len(home))
    return np.where(travels, (home + step) % town.num_regions, home)


def _choose_places(
    rng: np.random.Generator, town: TownConfig, region: np.ndarray, taste: np.ndarray
) -> np.ndarray:
    """Draws a place for every visit; taste -1 draws from the whole region."""
    place = np.empty(len(region), dtype=np.int64)
    rank = np.arange(town.num_places)
    for community in range(-1, town.num_communities):
        rows = np.flatnonzero(taste == community)
        own = rank if community < 0 else rank[rank % town.num_communities == community]
        weight = 1.0 / (1.0 + np.arange(len(own))) ** POPULARITY_EXPONENT
        chosen = own[rng.choice(len(own), size=len(rows), p=weight / weight.sum())]
        place[rows] = region[rows] * town.num_places + chosen
    return place


def _ids(region: np.ndarray, letter: str, number: np.ndarray) -> np.ndarray:
    return np.char.add(np.char.add(region, f"-{letter}"), number.astype(str))


def _times(seconds: np.ndarray) -> pa.Array:
    return pa.array(seconds * 1_000_000, type=pa.timestamp("us", tz="UTC"))
