"""The list that serves where no model does: recent visitors first, then those of all time."""

from pathlib import Path

import pyarrow as pa

from graphrec.jobs import build_shard
from graphrec_core.config import StepName
from graphrec_core.day import Day
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.retrieval.shard import open_shard
from graphrec_core.types import View
from tests.support.days import EAST, prepare_day
from tests.support.snapshots import AS_OF, tiny_config


def popular(root: Path, recent_days: int) -> pa.Table:
    config = tiny_config(root, evaluation={"recent_days": recent_days})
    prepare_day(config)
    build_shard.run(Day(config, AS_OF), EAST)
    lake, day = Lake(config), Day(config, AS_OF)
    folder = lake.layout.shard(EAST, day.ref(StepName.SHARD, EAST).id)
    return open_shard(open_artifact(lake.storage, folder)).tables.popular


def test_days_that_count_and_days_that_do_not(tmp_path: Path) -> None:
    """All of the fixture's events are 31 days old."""
    config = tiny_config(tmp_path)
    prepare_day(config)
    day = Day(config, AS_OF)
    snapshot = day.open(day.ref(StepName.SNAPSHOT))
    visits = snapshot.read_table(edges_file(View.SERVE, "visited", EAST))["dst"].to_pylist()
    places = snapshot.read_table(nodes_file(View.SERVE, "place", EAST))
    own = places.filter(places["is_candidate"])["node_id"].to_pylist()
    ranked = sorted(own, key=lambda place: (-visits.count(place), place))
    for recent_days, counts in ((31, [visits.count(place) for place in ranked]), (30, [0] * 40)):
        table = popular(tmp_path, recent_days)
        assert table["candidate_id"].to_pylist() == ranked
        assert table["score"].to_pylist() == counts
