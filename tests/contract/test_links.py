"""Links of a local disk: on both engines a source or a lake is what they lead to."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.engine import Engine, open_engine
from graphrec_core.errors import ConfigError, UnreadableSourceError
from graphrec_core.lake import Lake
from tests.engine.test_tables import rows_of_table
from tests.support.engines import BOTH, collected
from tests.support.snapshots import tiny_config


def _write(path: Path, n: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        path.write_text(f"n\n{n}\n", encoding="utf-8")
    else:
        pq.write_table(pa.table({"n": [str(n)]}), path)


def _linked_file(root: Path, far: Path, suffix: str) -> str:
    _write(far / f"x{suffix}", 1)
    (root / f"t{suffix}").symlink_to(far / f"x{suffix}")
    return f"t{suffix}"


def _linked_folder(root: Path, far: Path, suffix: str) -> str:
    _write(far / f"t/x{suffix}", 1)
    (root / "t").symlink_to(far / "t")
    return "t"


def _linked_parts(root: Path, far: Path, suffix: str) -> str:
    _write(root / f"t/a{suffix}", 1)
    _write(far / f"b{suffix}", 2)
    (root / f"t/b{suffix}").symlink_to(far / f"b{suffix}")
    return "t"


def _linked_partition(root: Path, far: Path, suffix: str) -> str:
    _write(root / f"t/k=a/x{suffix}", 1)
    _write(far / f"moved/x{suffix}", 2)
    (root / "t/k=b").symlink_to(far / "moved")
    return "t"


def _linked_twice(root: Path, far: Path, suffix: str) -> str:
    _write(far / f"x{suffix}", 1)
    (root / "t").mkdir()
    (root / f"t/a{suffix}").symlink_to(far / f"x{suffix}")
    (far / "again").symlink_to(root / "t")
    (root / "u").symlink_to(far / "again")
    return "u"


WAYS = {
    _linked_file: [{"n": "1"}],
    _linked_folder: [{"n": "1"}],
    _linked_parts: [{"n": "1"}, {"n": "2"}],
    _linked_partition: [{"n": "1", "k": "a"}, {"n": "2", "k": "b"}],
    _linked_twice: [{"n": "1"}],
}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_source_is_what_its_links_lead_to(
    engine: Engine, tmp_path: Path, way: Callable[[Path, Path, str], str], suffix: str
) -> None:
    root, far = tmp_path / "in", tmp_path / "far"
    root.mkdir()
    path = way(root, far, suffix)
    file_format = {"format": suffix[1:]}
    assert rows_of_table(engine, root, path=path, **file_format) == WAYS[way]


def test_the_root_of_a_source_may_be_a_link(engine: Engine, tmp_path: Path) -> None:
    _write(tmp_path / "in/x.parquet", 1)
    (tmp_path / "link").symlink_to(tmp_path / "in")
    assert rows_of_table(engine, tmp_path / "link", path="x.parquet") == [{"n": "1"}]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_link_that_leads_nowhere_is_named(engine: Engine, tmp_path: Path, suffix: str) -> None:
    _write(tmp_path / f"t/a{suffix}", 1)
    (tmp_path / f"t/b{suffix}").symlink_to(tmp_path / "gone")
    with pytest.raises(UnreadableSourceError, match=rf"t/b\{suffix}"):
        rows_of_table(engine, tmp_path, path="t", format=suffix[1:])


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("target", [".", "..", "k=a", "../other"])
def test_a_link_in_a_circle_is_refused(
    engine: Engine, tmp_path: Path, target: str, suffix: str
) -> None:
    _write(tmp_path / f"t/k=a/x{suffix}", 1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/k=c").symlink_to(tmp_path / "t")
    (tmp_path / "t/k=a" / "k=b").symlink_to(tmp_path / "t" / target)
    with pytest.raises(UnreadableSourceError, match="k=b"):
        rows_of_table(engine, tmp_path, path="t", format=suffix[1:])


ARTEFACT = "tiny/snapshots/as_of=20260101T000000Z/0123/attempt-1/view"


def _lake_with_a_link(folder: Path, level: int) -> Path:
    """Writes an artefact's table, moves a folder of its path away and links to it.

    Level 0 is the lake itself, 1 its pipeline's folder.
    """
    _write(folder / "lake" / ARTEFACT / "region=a/x.parquet", 1)
    place = folder.joinpath("lake", *ARTEFACT.split("/")[:level])
    place.rename(folder / "moved")
    place.symlink_to(folder / "moved")
    return folder / "lake"


@pytest.mark.parametrize("level", range(5))
@pytest.mark.parametrize("name", BOTH)
def test_a_lake_is_what_links_in_its_upper_folders_lead_to(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, level: int
) -> None:
    root = _lake_with_a_link(tmp_path, level)
    lake = Lake(tiny_config(tmp_path, lake={"root": str(root)}, snapshot={"engine": "duckdb"}))
    uri = lake.storage.uri(ARTEFACT)
    assert lake.storage.files("tiny") == [f"{ARTEFACT}/region=a/x.parquet"]
    if name == "spark":
        spark: Engine = request.getfixturevalue("spark")
        assert collected(spark, spark.read_parquet(uri)) == [{"n": "1", "region": "a"}]
        return
    with open_engine(lake.config, lake) as duckdb:
        _write(tmp_path / "in/x.parquet", 1)
        assert rows_of_table(duckdb, tmp_path / "in", path="x.parquet") == [{"n": "1"}]
        assert collected(duckdb, duckdb.read_parquet(uri)) == [{"n": "1", "region": "a"}]


def test_a_link_within_an_artefact_is_refused_with_a_way_out(tmp_path: Path) -> None:
    root = _lake_with_a_link(tmp_path, 6)
    lake = Lake(tiny_config(tmp_path, lake={"root": str(root)}, snapshot={"engine": "duckdb"}))
    with open_engine(lake.config, lake) as duckdb:
        _write(tmp_path / "in/x.parquet", 1)
        rows_of_table(duckdb, tmp_path / "in", path="x.parquet")
        with pytest.raises(ConfigError, match="Put what it leads to in its place") as refusal:
            duckdb.read_parquet(lake.storage.uri(ARTEFACT))
    assert refusal.value.exit_code == 2
