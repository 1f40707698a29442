"""Vectors that have seen the holdout are refused, whatever they are called: one twin a way."""

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graphrec.jobs import build_shard, evaluate_model
from graphrec_core.axes.rows import vector_column
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.errors import LakeError, LeakageError
from graphrec_core.evaluation.holdout import read_holdout
from graphrec_core.judging.embedded import embedded_vectors
from graphrec_core.judging.reference import reapply
from graphrec_core.judging.train_embedding import TrainEmbedding
from graphrec_core.lake import Artifact, Lake, attempt, open_artifact
from graphrec_core.lake.layout import vectors_file
from graphrec_core.lake.records.origin import VectorOrigin
from graphrec_core.ledger.past import read_past
from graphrec_core.types import REQUIRED_VIEWS, ArtifactId, Region, View
from tests.support.figures import EMBEDDING_FIGURES
from tests.support.identities import tiny_id
from tests.support.recommit import change_manifest, replace_file
from tests.support.snapshots import AS_OF, SOURCE, tiny_config, write_tiny_snapshot
from tests.support.steps import embed, train
from tests.support.vectors import write_vectors

EAST = Region("east")
LEAK = "of the serve view have seen the holdout"


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(
        tmp_path,
        gate={"min_queries": 20},
        training={"num_epochs": 1, "refit": True},
    )


@pytest.fixture
def snapshot(config: PipelineConfig) -> Artifact:
    return write_tiny_snapshot(config)


def embedding(config: PipelineConfig, view: View) -> Artifact:
    day = Day(config, AS_OF)
    return day.open(day.ref(StepName.EMBED, EAST, view, SOURCE))


def plant_refitted_weights(config: PipelineConfig, model_id: ArtifactId) -> None:
    """Puts the weights for the serve view, and the ids of their rows, in the others' place."""
    lake = Lake(config)
    model = open_artifact(lake.storage, lake.layout.model(EAST, model_id))
    names = {f"ids/{ntype}.parquet": f"ids_refit/{ntype}.parquet" for ntype in ("place", "user")}
    names["weights.safetensors"] = "weights_refit.safetensors"
    for name, refitted in names.items():
        replace_file(lake.storage, model, name, model.read(refitted))


def copy_artefact(config: PipelineConfig, embedding_id: ArtifactId) -> None:
    """Copies an embedding, whole, to where today's train view's belongs, under its id."""
    lake, root = Lake(config), Path(config.lake.root)
    own_id = Day(config, AS_OF).ref(StepName.EMBED, EAST, View.TRAIN, SOURCE).id
    source, target = map(lake.layout.embedding, (embedding_id, own_id))
    shutil.copytree(root / source, root / target)
    found = open_artifact(lake.storage, source)
    copied = Artifact(found.manifest, lake.storage, found.base.replace(source, target))
    change_manifest(lake.storage, copied, id=own_id)


def assert_refused(config: PipelineConfig, *words: str) -> None:
    """The job refuses, names artefact, region and view, and leaves no evaluation."""
    with pytest.raises(LeakageError, match=LEAK) as caught:
        evaluate_model.run(Day(config, AS_OF), EAST)
    assert caught.value.exit_code == 3
    train = embedding(config, View.TRAIN).manifest.id
    for word in (f"embedding {train}", "region east", *words):
        assert word in caught.value.found
    storage = Lake(config).storage
    assert not [name for name in storage.files("") if "/evaluations/" in name]


def test_vectors_are_laid_along_an_axis_and_unknown_ids_are_zero(
    config: PipelineConfig, snapshot: Artifact
) -> None:
    lake, model = Lake(config), ArtifactId("m")
    origin = VectorOrigin(snapshot.manifest.id, View.TRAIN, model)
    table = pa.table({"node_id": ["u"], "vector": vector_column(np.ones((1, 2)))})
    name = tiny_id(StepName.EMBED, EAST, **origin.to_json())
    with attempt(lake.storage, f"tiny/{name}", name) as trial:
        trial.write_table(vectors_file(View.TRAIN, EAST, "user"), table)
        figures = EMBEDDING_FIGURES.model_copy(update={"origin": origin})
        inputs = origin.to_json()
        made = trial.commit(StepName.EMBED, config, AS_OF, EAST, inputs, figures, SOURCE)
    TrainEmbedding(made, snapshot, model, EAST)  # it may be evaluated
    vectors = embedded_vectors(made, View.TRAIN, EAST, "user", pa.array(["x", "u"]))
    assert vectors.tolist() == [[0, 0], [1, 1]]


def test_embedded_tables_carry_their_origin_and_others_none() -> None:
    table = pa.table({"x": [1]})
    origin = VectorOrigin("s", View.SERVE, "m", View.TRAIN)
    assert VectorOrigin.stamped(origin.stamp(table)) == origin
    assert VectorOrigin.stamped(table) == VectorOrigin(*["unknown"] * 4)


def test_honest_vectors_are_evaluated(config: PipelineConfig, snapshot: Artifact) -> None:
    train(Day(config, AS_OF), EAST)
    embed(Day(config, AS_OF), EAST, View.TRAIN)
    assert evaluate_model.run(Day(config, AS_OF), EAST).stats["num_queries"] == 59


def test_a_serve_file_in_the_place_of_a_train_file(
    config: PipelineConfig, snapshot: Artifact
) -> None:
    """The names, the manifest and every parameter say train; only the bytes differ."""
    train(Day(config, AS_OF), EAST)
    for view in REQUIRED_VIEWS:
        embed(Day(config, AS_OF), EAST, view)
    trained, serve = (embedding(config, view) for view in REQUIRED_VIEWS)
    for ntype in ("place", "user"):
        data = serve.read(vectors_file(View.SERVE, EAST, ntype))
        Lake(config).storage.write(f"{trained.base}/{vectors_file(View.TRAIN, EAST, ntype)}", data)
    with pytest.raises(LakeError, match=vectors_file(View.TRAIN, EAST, "user")):
        evaluate_model.run(Day(config, AS_OF), EAST)
    assert not [name for name in Lake(config).storage.files("") if "/evaluations/" in name]


@pytest.mark.parametrize("view", [View.FIT, View.SERVE])
def test_an_artefact_of_another_view_in_the_place_of_the_train_artefact(
    config: PipelineConfig, snapshot: Artifact, view: View
) -> None:
    train(Day(config, AS_OF), EAST)
    embed(Day(config, AS_OF), EAST, view)
    copy_artefact(config, Day(config, AS_OF).ref(StepName.EMBED, EAST, view, SOURCE).id)
    with pytest.raises(LeakageError, match=f"region east: {view} view of snapshot") as caught:
        evaluate_model.run(Day(config, AS_OF), EAST)
    assert "those of the fit view are a horizon old" in str(caught.value)


def test_a_job_that_embeds_the_wrong_view(config: PipelineConfig, snapshot: Artifact) -> None:
    write_vectors(config, AS_OF, snapshot, "east", stamped=View.SERVE)
    assert_refused(config, "the manifest of", "serve view of snapshot")


def test_files_of_the_serve_view_by_name(config: PipelineConfig, snapshot: Artifact) -> None:
    write_vectors(config, AS_OF, snapshot, "east", files_of=View.SERVE)
    assert_refused(config, "view=serve/region=east/")


def test_weights_refitted_on_the_serve_view(config: PipelineConfig, snapshot: Artifact) -> None:
    """The train view's graph, but weights that learnt the holdout, put where honest ones were."""
    plant_refitted_weights(config, train(Day(config, AS_OF), EAST).id)
    embed(Day(config, AS_OF), EAST, View.TRAIN)
    assert_refused(config, "train view of snapshot", "trained on the serve view")


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"view": "serve"}, "serve view of"),
        ({"view": None}, "unknown view of"),
        ({"snapshot": "another"}, "snapshot another"),
        ({"model": "another"}, "model another"),
    ],
)
def test_a_manifest_of_other_inputs(
    config: PipelineConfig, snapshot: Artifact, changed: dict[str, str | None], word: str
) -> None:
    day = Day(config, AS_OF)
    ref = day.ref(StepName.EMBED, EAST, View.TRAIN, SOURCE)
    inputs = {key: value for key, value in {**ref.inputs, **changed}.items() if value is not None}
    honest = day.produce(ref, lambda _: EMBEDDING_FIGURES)
    change_manifest(day.lake.storage, honest, inputs=inputs)
    assert_refused(config, "the manifest of", word)


def test_the_embedding_of_another_day(config: PipelineConfig, snapshot: Artifact) -> None:
    """Tomorrow's train view holds a day of today's holdout."""
    tomorrow = AS_OF + timedelta(days=1)
    write_vectors(config, tomorrow, write_tiny_snapshot(config, tomorrow), "east")
    copy_artefact(config, Day(config, tomorrow).ref(StepName.EMBED, EAST, View.TRAIN, SOURCE).id)
    with pytest.raises(LeakageError, match=r"of 20260102T000000Z, region east: train view"):
        evaluate_model.run(Day(config, AS_OF), EAST)


def test_a_champion_that_learnt_the_holdout_is_not_measured(
    config: PipelineConfig, snapshot: Artifact, caplog: pytest.LogCaptureFixture
) -> None:
    made = train(Day(config, AS_OF), EAST)
    embed(Day(config, AS_OF), EAST, View.SERVE)
    at = read_past(Lake(config)), snapshot, EAST, build_shard.run(Day(config, AS_OF), EAST).id
    holdout = read_holdout(snapshot, EAST, config.task)
    assert reapply(*at, holdout).system is not None
    plant_refitted_weights(config, made.id)
    found = reapply(*at, holdout)
    assert (found.system, LEAK in caplog.text) == (None, True)
    assert "trained on the serve view" in found.why_not
    assert LEAK in caplog.text
