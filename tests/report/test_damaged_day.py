"""A damaged part of a day is named in its report and counts as missing; it stops nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from graphrec.jobs import status, write_report
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import Lake, open_artifact
from graphrec_core.ledger.revisions import Acceptance, Revision, record_revision
from graphrec_core.report.collect import collect, collect_found
from graphrec_core.report.found import find_day
from graphrec_core.report.wording import summary
from graphrec_core.types import ArtifactId, Region, View
from tests.support import example_day
from tests.support.snapshots import AS_OF, SOURCE, tiny_config

pytestmark = pytest.mark.pipeline

EAST = Region("east")


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    config = tiny_config(tmp_path)
    example_day.write_validation(config)
    example_day.write_example_day(config)
    return config


def _evaluation(lake: Lake, config: PipelineConfig) -> str:
    day = collect(config, AS_OF)
    evaluation = day.regions[0].evaluation
    assert evaluation is not None
    return f"{lake.layout.evaluation(EAST, evaluation.id)}/manifest.json"


def _snapshot(lake: Lake, config: PipelineConfig) -> str:
    return f"{Day(config, AS_OF).ref(StepName.SNAPSHOT).folder}/manifest.json"


def _shard(lake: Lake, config: PipelineConfig) -> str:
    return f"{Day(config, AS_OF).ref(StepName.SHARD, EAST).folder}/manifest.json"


def _history(lake: Lake, config: PipelineConfig) -> str:
    folder = lake.layout.model(
        EAST, Day(config, AS_OF).ref(StepName.TRAIN, EAST, source=SOURCE).id
    )
    return f"{open_artifact(lake.storage, folder).base}/metrics.json"


def _vectors(lake: Lake, config: PipelineConfig) -> str:
    folder = lake.layout.embedding(
        Day(config, AS_OF).ref(StepName.EMBED, EAST, View.SERVE, SOURCE).id
    )
    artifact = open_artifact(lake.storage, folder)
    return f"{artifact.base}/{next(iter(artifact.manifest.files))}"


def _validation(lake: Lake, config: PipelineConfig) -> str:
    (validation,) = collect(config, AS_OF).validations
    return f"{lake.layout.validation(AS_OF, validation.id)}/manifest.json"


def _release(lake: Lake, config: PipelineConfig) -> str:
    release = collect(config, AS_OF).release
    assert release is not None
    return lake.layout.release(release.id)


def _costs(lake: Lake, config: PipelineConfig) -> str:
    release = collect(config, AS_OF).release
    assert release is not None
    return lake.layout.release_run(release.id)


def _live(lake: Lake, config: PipelineConfig) -> str:
    return lake.layout.live


def written_page(config: PipelineConfig) -> str:
    lake = Lake(config)
    write_report.run(Day(config, AS_OF))
    return lake.storage.read(f"{lake.layout.report(AS_OF)}/index.html").decode()


def test_of_a_whole_day_nothing_is_called_damaged(config: PipelineConfig) -> None:
    assert "is damaged" not in written_page(config)


@pytest.mark.parametrize(
    ("path_of", "named"),
    [
        (_snapshot, "The snapshot is damaged"),
        (_evaluation, "The evaluation of east is damaged"),
        (_shard, "The shard of east is damaged"),
        (_history, "The model of east, lightgcn is damaged"),
        (_vectors, "The serve embedding of east is damaged"),
        (_validation, "Validation "),
        (_release, "Release "),
        (_costs, "The costs of release "),
        (_live, "LIVE is damaged"),
    ],
)
def test_a_damaged_part_is_named_and_the_rest_is_shown(
    config: PipelineConfig, path_of: Callable[[Lake, PipelineConfig], str], named: str
) -> None:
    lake = Lake(config)
    lake.storage.write(path_of(lake, config), b'{"half a file":')
    text = written_page(config)
    assert named in text
    assert "is damaged" in text
    if path_of is not _snapshot:
        assert "west was refused because" in text


def test_what_serves_is_not_guessed_where_the_pointer_is_damaged(config: PipelineConfig) -> None:
    lake = Lake(config)
    lake.storage.write(lake.layout.live, b"{}")
    first, damage, *others = summary(collect(config, AS_OF))
    assert first == "What serves the 2 regions now is not known: LIVE is damaged."
    assert damage.startswith("LIVE is damaged: ")
    assert "east passed the gate; what serves it is not known." in others
    assert not any("nothing serves" in sentence for sentence in others)


def test_status_of_the_day_names_it_too(config: PipelineConfig) -> None:
    lake = Lake(config)
    lake.storage.write(_shard(lake, config), b"")
    data = status.run(config, AS_OF)
    assert list(data["run"]["damaged"]) == ["the shard of east"]
    assert data["run"]["regions"][1]["gate"] == "refused"


def _with_revisions(config: PipelineConfig) -> None:
    """Puts two revisions to use, of which the day's artefacts know nothing."""
    first_id = Day(config, AS_OF).first_snapshot_id
    for number in (1, 2):
        revision = Revision(
            number=number,
            snapshot_id=ArtifactId(f"{number:016x}"),
            revises=first_id,
            accepted=Acceptance(by="eve", why=f"export {number}"),
            changes=[],
        )
        record_revision(Lake(config), AS_OF, first_id, revision)


def test_status_names_a_damaged_revision_and_shows_the_other(
    config: PipelineConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_revisions(config)
    lake, first_id = Lake(config), Day(config, AS_OF).first_snapshot_id
    lake.storage.write(lake.layout.revision(AS_OF, first_id, 2), b'{"half a file":')
    data = status.run(config, AS_OF)
    assert [one["number"] for one in data["revisions"]] == [1]
    (warning,) = [one for one in data["warnings"] if one.startswith("revision")]
    assert warning.startswith("revision 2 is damaged: ")
    status.show(config, AS_OF)
    text = capsys.readouterr().out
    assert "accepted by eve: export 1" in text
    assert "warning: revision 2 is damaged: " in text


def test_status_shows_the_rest_where_the_pointer_is_damaged(
    config: PipelineConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status.run(config, None)["is_known"]
    lake = Lake(config)
    lake.storage.write(lake.layout.live, b"{}")
    data = status.run(config, None)
    assert not data["is_known"]
    assert data["warnings"][0].startswith("LIVE is damaged: ")
    assert data["regions"]["west"]["gate"] == "refused"
    status.show(config, None)
    text = capsys.readouterr().out
    assert "not known" in text
    assert "nothing" not in text


DAMAGES = (b"", b"{}", b"null", b"\xff\xfe")


@pytest.mark.parametrize("damage", DAMAGES)
def test_status_survives_damage_to_any_one_file_and_hides_none(
    config: PipelineConfig, damage: bytes
) -> None:
    """Each file of the lake in turn: status ends, and what it left out is named."""
    _with_revisions(config)
    storage = Lake(config).storage
    before = {as_of: status.run(config, as_of) for as_of in (None, AS_OF)}
    for path in storage.files(""):
        data = storage.read(path)
        storage.write(path, damage)
        for as_of, whole in before.items():
            found = status.run(config, as_of)
            named = set(found["warnings"]) - set(whole["warnings"])
            named |= set(found.get("run", {}).get("damaged", {}))
            assert named or found == whole, f"{path} changed {as_of} without a word"
        storage.write(path, data)


def test_figures_that_are_none_count_as_missing(config: PipelineConfig) -> None:
    found = find_day(config, AS_OF)
    evaluation = found.of(StepName.EVALUATE)[EAST]
    assert evaluation is not None
    evaluation.manifest.stats["k"] = "many"
    day = collect_found(found)
    assert day.regions[0].evaluation is None
    assert day.regions[1].evaluation is not None
    assert "EvaluationFigures" in day.damaged["the evaluation of east"]
