"""History that changed: found, refused, accepted as a revision, survived by whatever was there."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
import yaml

from graphrec.jobs import build_snapshot, check_snapshot, status
from graphrec_core.config import PipelineConfig, StepName, child_environment
from graphrec_core.day import Day
from graphrec_core.errors import ConfigError, HistoryChangedError
from graphrec_core.lake import Artifact, Lake
from graphrec_core.lake.layout import edges_file
from graphrec_core.ledger.revisions import Acceptance, Revision, scan_revisions
from graphrec_core.snapshot import produce_snapshot, rebuild_snapshot
from graphrec_core.snapshot.daily import write_snapshot
from graphrec_core.types import Region, View
from tests.support.market import AS_OF, START, market_data, market_tables, write_market
from tests.support.steps import train

pytestmark = pytest.mark.pipeline

REPOSITORY = Path(__file__).parents[2]
EVE = Acceptance(by="eve", why="the export was late")
LATE = ("ann", "p0", START + pd.Timedelta(days=9, hours=5))
"""A visit of January 10, on a pair that exists: 121 visits instead of 120."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a snapshot of the market's day."""
    config = write_market(tmp_path_factory.mktemp("market") / "lake")
    produce_snapshot(Day(config, AS_OF))
    check_snapshot.run(Day(config, AS_OF))
    return Path(config.lake.root)


@pytest.fixture
def config(built: Path, tmp_path: Path) -> PipelineConfig:
    """The market with a lake of its own, in which its day has a snapshot."""
    shutil.copytree(built, tmp_path / "lake")
    return write_market(tmp_path / "lake")


def change_visits(config: PipelineConfig, *late: tuple[object, ...]) -> None:
    """Writes the source again, with visits that were not there before."""
    visits = market_tables()["visits"]
    more = pd.DataFrame(list(late), columns=visits.columns)
    write_market(Path(config.lake.root), visits=pd.concat([visits, more]))


def rebuild(config: PipelineConfig, acceptance: Acceptance | None = None) -> tuple[str, str]:
    snapshot, history = rebuild_snapshot(Day(config, AS_OF), acceptance)
    return snapshot.manifest.id, history


def lake_files(config: PipelineConfig) -> dict[str, bytes]:
    storage = Lake(config).storage
    return {name: storage.read(name) for name in storage.files("")}


def snapshot(config: PipelineConfig, revision: int | None = None) -> Artifact:
    day = Day(config, AS_OF, revision)
    return day.open(day.ref(StepName.SNAPSHOT))


def revisions(config: PipelineConfig) -> list[Revision]:
    first_id = Day(config, AS_OF).first_snapshot_id
    found, damaged = scan_revisions(Lake(config), AS_OF, first_id)
    assert damaged == {}
    return found


def num_visits(artifact: Artifact) -> int:
    """Events in the snapshot's serve view, both regions and no halo: the market has no border."""
    names = [name for name in artifact.manifest.files if name.startswith("view=serve/edges/")]
    tables = [artifact.read_table(name) for name in names]
    rows = {(row["src"], row["dst"]): row["num_events"] for t in tables for row in t.to_pylist()}
    return sum(rows.values())


def forget(config: PipelineConfig, number: int) -> None:
    """Leaves what a run leaves that dies after its snapshot is committed, before the record."""
    lake, day = Lake(config), Day(config, AS_OF)
    lake.storage.remove(lake.layout.revision(AS_OF, day.first_snapshot_id, number))


# ------------------------------------------------------------------------------- finding out


def test_an_unchanged_history_changes_nothing(config: PipelineConfig) -> None:
    before = lake_files(config)
    assert rebuild(config) == (snapshot(config).manifest.id, "unchanged")
    assert rebuild(config, EVE) == (snapshot(config).manifest.id, "unchanged")
    assert lake_files(config) == before


def test_the_order_of_the_source_is_no_history(config: PipelineConfig) -> None:
    visits = market_tables()["visits"].sample(frac=1, random_state=1)
    write_market(Path(config.lake.root), visits=visits)
    assert rebuild(config)[1] == "unchanged"


def test_a_renamed_feature_is_a_changed_history(tmp_path: Path) -> None:
    """Its values are the same, and so is its place among the columns."""
    data = market_data(tmp_path / "lake")
    places = "select place as node_id, opened as valid_from, * except (place, opened) from places"
    data["source"]["nodes"]["place"] = places
    config = PipelineConfig.model_validate(data)
    write_market(tmp_path / "lake")
    produce_snapshot(Day(config, AS_OF))
    renamed = market_tables()["places"].rename(columns={"stars": "starz"})
    write_market(tmp_path / "lake", places=renamed)
    with pytest.raises(HistoryChangedError, match="nodes/place"):
        rebuild(config)


def test_a_first_build_has_no_history(tmp_path: Path) -> None:
    config = write_market(tmp_path / "lake")
    built = rebuild(config, EVE)
    assert built == (Day(config, AS_OF).first_snapshot_id, "first")
    assert revisions(config) == []


def test_a_late_row_without_known_at_is_refused(config: PipelineConfig) -> None:
    change_visits(config, LATE)
    before = lake_files(config)
    with pytest.raises(HistoryChangedError) as caught:
        rebuild(config)
    assert caught.value.found == "edges/visited: 120 rows then, 121 now"
    assert snapshot(config).manifest.id in caught.value.must
    assert "--accept" in caught.value.fix
    assert "without known_at takes in whatever arrives late (here: edges/visited" in str(
        caught.value
    )
    assert lake_files(config) == before


def test_a_row_that_says_it_was_late_is_no_change(tmp_path: Path) -> None:
    """The failing twin's cure: with known_at the day's rows stay the day's rows."""
    data = market_data(tmp_path / "lake")
    select = "select user as src, place as dst, at as event_time, known_at from visits"
    data["source"]["edges"]["visited"] = select
    config = PipelineConfig.model_validate(data)
    visits = market_tables()["visits"]
    visits["known_at"] = visits["at"]
    write_market(tmp_path / "lake", visits=visits)
    produce_snapshot(Day(config, AS_OF))
    for known_at, history in ((AS_OF, "unchanged"), (AS_OF - pd.Timedelta("1s"), "revised")):
        row = pd.DataFrame([(*LATE, known_at)], columns=visits.columns)
        write_market(tmp_path / "lake", visits=pd.concat([visits, row]))
        assert rebuild(config, EVE)[1] == history


def test_a_corrected_row_is_named_though_none_came(config: PipelineConfig) -> None:
    places = market_tables()["places"]
    places.loc[0, "stars"] = 5.0
    write_market(Path(config.lake.root), places=places)
    with pytest.raises(HistoryChangedError, match="nodes/place: 6 rows as before, but not"):
        rebuild(config)


def test_rows_from_after_the_day_are_no_history(config: PipelineConfig) -> None:
    change_visits(config, ("ann", "p0", AS_OF), ("ben", "p1", AS_OF + pd.Timedelta(days=3)))
    assert rebuild(config)[1] == "unchanged"


# ---------------------------------------------------------------------------------- accepting


def test_an_accepted_history_is_a_revision(config: PipelineConfig) -> None:
    first = snapshot(config)
    change_visits(config, LATE)
    new_id, found = rebuild(config, EVE)
    assert found == "revised"
    second = snapshot(config)
    assert new_id == second.manifest.id != first.manifest.id
    assert second.manifest.inputs == {"revision": "1"}
    assert num_visits(second) == num_visits(first) + 1
    assert num_visits(snapshot(config, 0)) == num_visits(first)  # still readable
    (stored,) = revisions(config)
    assert (stored.revises, stored.accepted) == (first.manifest.id, EVE)
    assert [str(change) for change in stored.changes] == ["edges/visited: 120 rows then, 121 now"]


def test_later_steps_of_the_day_use_it(config: PipelineConfig) -> None:
    quick = config.model_copy(
        update={"training": config.training.model_copy(update={"num_epochs": 1})}
    )
    before = train(Day(quick, AS_OF), Region("east"))
    change_visits(config, LATE)
    new_id, _ = rebuild(config, EVE)
    assert produce_snapshot(Day(config, AS_OF)).manifest.id == new_id
    assert check_snapshot.run(Day(config, AS_OF)).inputs == {"snapshot": new_id}
    after = train(Day(quick, AS_OF), Region("east"))
    assert after.inputs["snapshot"] == new_id
    assert before.inputs["snapshot"] == Day(config, AS_OF).first_snapshot_id
    assert before.id != after.id


def test_a_second_accept_finds_it_done(config: PipelineConfig) -> None:
    change_visits(config, LATE)
    done, before = rebuild(config, EVE), lake_files(config)
    assert rebuild(config, Acceptance(by="mallory", why="me too")) == (
        done[0],
        "unchanged",
    )
    assert lake_files(config) == before


def test_history_may_change_again_and_back(config: PipelineConfig) -> None:
    first = snapshot(config)
    for late in ((LATE,), (LATE, LATE), ()):
        change_visits(config, *late)
        with pytest.raises(HistoryChangedError):
            rebuild(config)
        rebuild(config, EVE)
    numbers = [(revision.number, revision.revises) for revision in revisions(config)]
    ids = [snapshot(config, number).manifest.id for number in range(4)]
    assert numbers == [(1, ids[0]), (2, ids[1]), (3, ids[2])]
    assert len(set(ids)) == 4
    assert snapshot(config).manifest.files == first.manifest.files


def test_a_revision_is_a_function_of_source_and_number(
    config: PipelineConfig, tmp_path: Path
) -> None:
    change_visits(config, LATE)
    rebuild(config, EVE)
    other = write_market(tmp_path / "elsewhere" / "lake")
    produce_snapshot(Day(other, AS_OF))
    change_visits(other, LATE)
    rebuild(other, Acceptance(by="bob", why="the same, in another lake"))
    assert snapshot(other).manifest.to_bytes() == snapshot(config).manifest.to_bytes()


# ------------------------------------------------------------------------- crashes and races


def test_a_crash_before_the_record_leaves_the_day_as_it_was(config: PipelineConfig) -> None:
    first = snapshot(config)
    change_visits(config, LATE)
    new_id, _ = rebuild(config, EVE)
    forget(config, 1)
    before = lake_files(config)
    assert snapshot(config).manifest.id == first.manifest.id
    with pytest.raises(HistoryChangedError, match="would add a revision"):
        rebuild(config)
    assert rebuild(config, EVE) == (new_id, "revised")
    added = set(lake_files(config)) - set(before)
    assert len(added) == 1, "the snapshot is not built twice"
    assert revisions(config)[0].snapshot_id == new_id


def test_a_crash_is_not_taken_for_another_change(config: PipelineConfig) -> None:
    change_visits(config, LATE)
    dead_id, _ = rebuild(config, EVE)
    forget(config, 1)
    change_visits(config, LATE, LATE)
    new_id, _ = rebuild(config, EVE)
    assert new_id != dead_id
    assert [revision.number for revision in revisions(config)] == [2]
    assert num_visits(snapshot(config)) == num_visits(snapshot(config, 0)) + 2


def test_of_two_accepts_at_once_one_wins(config: PipelineConfig) -> None:
    change_visits(config, LATE)
    people = [Acceptance(by=name, why="the export was late") for name in ("ann", "ben")]
    with ThreadPoolExecutor(len(people)) as pool:
        ids = [end[0] for end in pool.map(lambda person: rebuild(config, person), people)]
    (stored,) = revisions(config)
    assert ids == [stored.snapshot_id] * 2
    assert stored.accepted in people
    assert num_visits(snapshot(config)) == num_visits(snapshot(config, 0)) + 1


# ------------------------------------------------------------------------------ another engine


def commit_of_another_engine(config: PipelineConfig) -> None:
    """Commits the day as an engine would whose digests mean nothing here."""
    day = Day(config, AS_OF)
    ref = day.ref(StepName.SNAPSHOT)
    with day.attempt(ref) as trial:
        own = write_snapshot(day, trial)
        others = {
            name: one.model_copy(update={"digest": "another hash"})
            for name, one in own.row_digests.items()
        }
        theirs = {"digest_engine": "spark-4.3.0", "row_digests": others}
        day.commit(ref, trial, own.model_copy(update=theirs))


def test_of_another_engine_the_files_are_compared(tmp_path: Path) -> None:
    config = write_market(tmp_path / "lake")
    commit_of_another_engine(config)
    before = lake_files(config)
    assert rebuild(config)[1] == rebuild(config, EVE)[1] == "unchanged"
    assert lake_files(config) == before

    change_visits(config, LATE)
    with pytest.raises(HistoryChangedError) as caught:
        rebuild(config)
    changed = edges_file(View.SERVE, "visited", Region("east"))
    assert "files differ, such as" in caught.value.found
    assert "edges/visited: 120 rows then, 121 now" in caught.value.found
    assert lake_files(config) == before

    assert rebuild(config, EVE)[1] == "revised"
    assert snapshot(config).read(changed) != snapshot(config, 0).read(changed)
    assert rebuild(config)[1] == "unchanged"  # this engine's own digests now


# -------------------------------------------------------------------------- the command line


def run_cli(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    day = ("--config", str(path), "--as-of", AS_OF.date().isoformat(), "--rebuild")
    return subprocess.run(
        [sys.executable, "-m", "graphrec.jobs.cli", "build-snapshot", *day, *arguments],
        cwd=REPOSITORY,
        env=child_environment(COLUMNS="200", NO_COLOR="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_command_line_from_refusal_to_revision(config: PipelineConfig, tmp_path: Path) -> None:
    path = tmp_path / "market.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    change_visits(config, LATE)
    before = lake_files(config)
    done = run_cli(path)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert "HistoryChangedError: History changed" in done.stderr
    assert "edges/visited: 120 rows then, 121 now" in done.stderr
    assert lake_files(config) == before

    done = run_cli(path, "--accept", "--by", "eve", "--reason", "the export was late")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["history"], printed["id"]) == ("revised", snapshot(config).manifest.id)
    assert printed["regions"] == ["east", "west"]
    assert revisions(config)[0].accepted == EVE


def test_status_shows_revisions(
    config: PipelineConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    status.show(config, AS_OF)
    assert "revision" not in capsys.readouterr().out
    assert status.run(config, AS_OF)["revisions"] == []
    change_visits(config, LATE)
    rebuild(config, EVE)
    status.show(config, AS_OF)
    words = " ".join(capsys.readouterr().out.split())
    assert "accepted by eve: the export was late (edges/visited: 120 rows then, 121 now)" in words
    assert "revisions" not in status.run(config, None)


@pytest.mark.parametrize(
    ("by", "reason", "switches"),
    [
        ("eve", "late", (False, True)),
        ("", "late", (True, True)),
        ("eve", "", (True, True)),
        ("eve", " ", (True, True)),
        ("eve", "", (True, False)),
        ("", "late", (False, False)),
    ],
)
def test_half_an_acceptance_is_refused(by: str, reason: str, switches: tuple[bool, bool]) -> None:
    with pytest.raises(ConfigError):
        build_snapshot.acceptance(by, reason, rebuild=switches[0], accept=switches[1])


def test_a_whole_acceptance_or_none() -> None:
    whole = build_snapshot.acceptance("eve", "late", rebuild=True, accept=True)
    assert whole == Acceptance(by="eve", why="late")
    for rebuild_given in (True, False):
        none = build_snapshot.acceptance("", "", rebuild=rebuild_given, accept=False)
        assert none is None
