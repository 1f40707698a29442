from pathlib import Path

import numpy as np
import pandas as pd

from graphrec_core.config.source import TownConfig
from graphrec_core.intake.town import ensure_town, generate_town
from graphrec_core.lake import Lake
from tests.support.snapshots import tiny_config

TOWN = TownConfig(num_users=60, num_places=40, num_communities=4, events_per_user=20)


def frames(town: TownConfig) -> dict[str, pd.DataFrame]:
    tables = generate_town(town)
    return {name: getattr(tables, name).to_pandas() for name in ("users", "places", "visits")}


def test_equal_settings_give_equal_tables_and_another_seed_does_not() -> None:
    first, again = generate_town(TOWN), generate_town(TOWN)
    assert first == again
    assert first.visits != generate_town(TOWN.model_copy(update={"seed": 8})).visits


def test_every_visit_lies_between_sign_up_and_the_end() -> None:
    town = frames(TOWN)
    visits = town["visits"].merge(town["users"], on="user")
    assert len(visits) == len(town["visits"])
    assert (visits["visited_at"] >= visits["signed_up"]).all()
    assert (visits["visited_at"] < TOWN.end).all()
    assert town["visits"]["visited_at"].is_monotonic_increasing


def test_taste_is_planted_as_configured() -> None:
    """All visits but the noise go to the user's own community: the planted truth."""
    quiet = frames(TOWN.model_copy(update={"noise_frac": 0.0}))
    visits = quiet["visits"].merge(quiet["places"], on="place")
    assert (visits.groupby("user")["community"].nunique() == 1).all()
    loud = frames(TOWN.model_copy(update={"noise_frac": 0.5}))
    visits = loud["visits"].merge(loud["places"], on="place")
    top = visits.groupby("user")["community"].agg(lambda column: column.value_counts(True).iloc[0])
    assert 0.4 < np.average(top) < 0.9


def test_travel_crosses_borders_in_the_configured_share() -> None:
    town = frames(TOWN.model_copy(update={"travel_frac": 0.2, "events_per_user": 200}))
    visits = town["visits"]
    crosses = visits["user"].str.split("-").str[0] != visits["place"].str.split("-").str[0]
    assert abs(crosses.mean() - 0.2) < 0.02


def test_the_town_is_written_once(tmp_path: Path) -> None:
    lake = Lake(tiny_config(tmp_path))
    uri = ensure_town(lake, TOWN)
    files = sorted(tmp_path.rglob("*.parquet"))
    stamps = [path.stat().st_mtime_ns for path in files]
    assert ensure_town(lake, TOWN) == uri
    assert [path.name for path in files] == ["places.parquet", "users.parquet", "visits.parquet"]
    assert [path.stat().st_mtime_ns for path in files] == stamps
