"""Layout: one notation, no colon, and no region name that leaves its folder."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_core.config import StepName
from graphrec_core.config.lake import MAX_ROOT
from graphrec_core.errors import ConfigError
from graphrec_core.lake.layout import (
    MAX_FOLDER,
    Layout,
    edges_file,
    holdout_file,
    nodes_file,
    region_folder,
    region_of_folder,
    shortened_regions,
    vectors_file,
)
from graphrec_core.types import ArtifactId, Region, View, format_instant, parse_instant

AS_OF = datetime(2010, 6, 1, tzinfo=UTC)
ID = ArtifactId("0123456789abcdef")
LAYOUT = Layout("gowalla")


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_every_region_round_trips_and_stays_one_folder(name: str) -> None:
    folder = region_folder(Region(name))
    assert region_of_folder(folder, [Region(name)]) == name
    assert "/" not in folder
    assert ":" not in folder
    assert folder.isascii()
    assert folder not in (".", "..")
    assert "." not in folder


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("berlin", "region=berlin"),
        ("../../etc", "region=%2E%2E%2F%2E%2E%2Fetc"),
        ("..", "region=%2E%2E"),
        ("New York", "region=New%20York"),
        ("a/b", "region=a%2Fb"),
        ("a:b", "region=a%3Ab"),
        ("Zürich", "region=Z%C3%BCrich"),
        ("東京", "region=%E6%9D%B1%E4%BA%AC"),
        ("100%", "region=100%25"),
    ],
)
def test_regions_with_awkward_names(name: str, folder: str) -> None:
    assert region_folder(Region(name)) == folder
    assert region_of_folder(folder) == name


GREEK = Region("Αποκεντρωμένη Διοίκηση Πελοποννήσου, Δυτικής Ελλάδας και Ιονίου")
NAMES = st.text(min_size=1, max_size=400).filter(lambda text: text.isprintable())


def test_a_name_that_would_not_fit_is_its_start_and_a_hash() -> None:
    folder = region_folder(GREEK)
    name_hash = hashlib.sha256(GREEK.encode()).hexdigest()[:32]
    assert folder == f"region={quote('Αποκεντρωμένη')}!{name_hash}"
    assert len(folder) <= 120
    assert region_of_folder(folder, [Region("east"), GREEK]) == GREEK
    assert region_of_folder(folder) == f"Αποκεντρωμένη!{name_hash}"  # not without the list
    assert shortened_regions(["east", GREEK]) == {f"Αποκεντρωμένη!{name_hash}": GREEK}


@pytest.mark.parametrize(("letter", "fits"), [("x", 248), ("é", 41), ("文", 27)])
def test_a_name_that_fits_keeps_its_folder(letter: str, fits: int) -> None:
    """Lakes that exist hold such folders."""
    assert region_folder(Region(letter * fits)) == f"region={quote(letter * fits)}"
    shortened = region_folder(Region(letter * (fits + 1)))
    assert len(shortened) <= 120
    assert shortened[-33] == "!"


@given(NAMES, st.lists(NAMES, max_size=5))
def test_every_name_fits_and_is_found_again(name: str, others: list[str]) -> None:
    regions = [Region(name), *map(Region, others)]
    folder = region_folder(regions[0])
    assert len(folder.encode()) <= MAX_FOLDER
    assert folder.isascii()
    assert not set("/:.") & set(folder)
    assert region_of_folder(folder, regions) == name


def test_a_name_that_looks_shortened_is_not_taken_for_another() -> None:
    value = unquote(region_folder(GREEK).removeprefix("region="))
    impostor = Region(value)
    assert region_folder(impostor) != region_folder(GREEK)
    names = shortened_regions([GREEK, impostor])
    assert names[value] == GREEK
    assert sorted(names.values()) == sorted([GREEK, impostor])


def test_the_longest_path_fits_the_keys_of_s3() -> None:
    """Each part at its limit: the root, the pipeline, a node type, a region, an attempt."""
    root, name = "r" * MAX_ROOT, "n" * 64
    layout, region = Layout(name), Region("x" * 248)
    attempt = f"attempt-{'0' * 32}"
    files = [nodes_file(View.SERVE, name, region), edges_file(View.SERVE, name, region)]
    paths = [f"{root}/{layout.snapshot(AS_OF, ID)}/{attempt}/{file}.tmp" for file in files]
    paths.append(f"{root}/{layout.shard(region, ID)}/{attempt}/pairs/{name}.parquet")
    assert max(map(len, paths)) < 1024


@given(st.lists(st.text(min_size=1).filter(str.isprintable), unique=True, min_size=2, max_size=5))
def test_two_regions_never_share_a_folder(names: list[str]) -> None:
    assert len({region_folder(Region(name)) for name in names}) == len(names)


def test_paths_as_the_design_draws_them() -> None:
    region = Region("ash")
    assert nodes_file(View.TRAIN, "user", region) == (
        "view=train/nodes/user/region=ash/part-00000.parquet"
    )
    assert edges_file(View.SERVE, "visited", region) == (
        "view=serve/edges/visited/region=ash/part-00000.parquet"
    )
    assert holdout_file(region) == "holdout/region=ash/part-00000.parquet"
    assert vectors_file(View.SERVE, region, "user") == (
        "view=serve/region=ash/user/part-00000.parquet"
    )
    assert LAYOUT.snapshot(AS_OF, ID) == f"gowalla/snapshots/as_of=20100601T000000Z/{ID}"
    assert LAYOUT.model(region, ID) == f"gowalla/models/region=ash/{ID}"
    assert LAYOUT.embedding(ID) == f"gowalla/embeddings/{ID}"
    assert LAYOUT.evaluation(region, ID) == f"gowalla/evaluations/{ID}/region=ash"
    assert LAYOUT.shard(region, ID) == f"gowalla/shards/region=ash/{ID}"
    assert LAYOUT.release(ID) == f"gowalla/releases/{ID}.json"
    assert LAYOUT.report(AS_OF) == "gowalla/reports/as_of=20100601T000000Z"
    assert LAYOUT.live == "gowalla/LIVE.json"


def test_no_path_leaves_the_pipeline() -> None:
    evil = Region("../../../other/LIVE.json")
    for path in (LAYOUT.model(evil, ID), LAYOUT.evaluation(evil, ID), LAYOUT.shard(evil, ID)):
        parts = PurePosixPath(path).parts
        assert parts[0] == "gowalla"
        assert ".." not in parts


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_round_trips(instant: datetime) -> None:
    text = format_instant(instant)
    assert ":" not in text
    second = instant.replace(microsecond=0)
    assert datetime.strptime(format_instant(second), "%Y%m%dT%H%M%S%z") == second
    assert datetime.fromisoformat(text) == instant


def test_one_instant_in_three_notations() -> None:
    east = datetime(2010, 6, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert format_instant(east) == "20100601T000000Z"
    for text in ("2010-06-01", "2010-06-01T00:00:00", "2010-06-01T02:00:00+02:00"):
        assert parse_instant(text) == AS_OF


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="yesterday"):
        parse_instant("yesterday")


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(1, 999_999))  # noqa: DTZ001
def test_two_instants_have_two_names_and_two_folders(instant: datetime, later_us: int) -> None:
    """However near they are: rows lie between them."""
    one = instant.replace(tzinfo=UTC)
    other = one + timedelta(microseconds=later_us)
    assert format_instant(one) != format_instant(other)
    assert Layout("town").report(one) != Layout("town").report(other)


def test_a_run_is_about_a_whole_second() -> None:
    """Names of instants are compared as text; only whole seconds are in order."""
    with pytest.raises(ConfigError, match="whole second"):
        parse_instant("2026-01-01T00:00:00.900000+00:00")


def test_a_step_without_a_result_has_no_place() -> None:
    with pytest.raises(LookupError, match="wait-for-source leaves no result"):
        LAYOUT.folder(StepName.WAIT, ID, AS_OF)
    with pytest.raises(LookupError, match="as_of"):
        LAYOUT.folder(StepName.SNAPSHOT, ID)
