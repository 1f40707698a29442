"""Asks the product's guards, on copies, which of the planted leaks they notice."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from bench.leakage_plants import (
    FUTURE_EDGES,
    HOME,
    SERVE_VECTORS,
    TOTALS,
    UNMASKED,
    Unmasked,
)
from graphrec.jobs import evaluate_model, generate_embeddings, train_model
from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.config.model import GraphSAGEConfig
from graphrec_core.day import Day
from graphrec_core.engine import open_engine
from graphrec_core.errors import LakeError, LeakageError
from graphrec_core.graph import FeatureEncoder, load_graph
from graphrec_core.lake import Artifact, Lake, open_artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.snapshot import audit, produce_snapshot
from graphrec_core.training import train_for
from graphrec_core.types import Region, View

NEVER_STOPPED = "nothing: the column has no date, and what has none is believed"
DATED_TOTALS = (
    "select cast(poi as string) as node_id, timestamp_seconds(max(last_at)) as effective_at, "
    "count(*) as total from (select poi, max(ts_local) over () as last_at from events) as dated "
    "group by poi"
)


def built(config: PipelineConfig, as_of: datetime) -> Artifact:
    """Builds a day's snapshot, audit included."""
    produce_snapshot(Day(config, as_of))
    lake = Lake(config)
    folder = lake.layout.snapshot(as_of, Day(config, as_of).ref(StepName.SNAPSHOT).id)
    return open_artifact(lake.storage, folder)


def guards(
    config: PipelineConfig, leaky: PipelineConfig, as_of: datetime, region: Region
) -> list[dict[str, Any]]:
    """Plants leaks where the guards look.

    Args:
        config: The honest pipeline; its snapshot of ``as_of`` is built.
        leaky: The pipeline with undated columns of the whole history.
        as_of: An instant.
        region: A region of it, better a small one.

    Returns:
        One entry per leak: leak, guard, is_caught, said, test.
    """
    data = config.model_dump(mode="json")
    data["training"]["num_epochs"] = 1
    config = PipelineConfig.model_validate(data)
    entries = [
        entry(FUTURE_EDGES, "leakage audit of build-snapshot",
              refusal_of_edges(config, as_of, region),
              "tests/snapshot/test_audit.py::test_a_planted_leak_is_named_with_its_row"),
        entry(SERVE_VECTORS, "origin of the vectors, asked by evaluate-model",
              refusal_of_vectors(config, as_of, region),
              "tests/judging/test_train_embedding.py::"
              "test_an_artefact_of_another_view_in_the_place_of_the_train_artefact"),
        entry(UNMASKED, "audit of every sampled batch in train-model",
              refusal_of_batches(config, as_of, region),
              "tests/training/test_supervision.py::test_an_unmasked_supervision_edge_is_caught"),
        entry(f"{TOTALS}, dated", "the as-of join of source.features leaves them out",
              absence_of_totals(config, as_of, region),
              "tests/sql/test_as_of.py::test_features_are_joined_as_they_were_effective"),
    ]  # fmt: skip
    built(leaky, as_of)  # passes the audit
    return entries + [
        {"leak": leak, "guard": NEVER_STOPPED, "is_caught": False, "said": "", "test": ""}
        for leak in (f"{TOTALS}, undated", HOME)
    ]


def entry(leak: str, guard: str, said: str, test: str) -> dict[str, Any]:
    """Describes what a guard said; nothing said is nothing caught."""
    return {"leak": leak, "guard": guard, "is_caught": bool(said), "said": said, "test": test}


def refusal_of_edges(config: PipelineConfig, as_of: datetime, region: Region) -> str:
    """Puts the serve view's edges into the train view's file of a copy, and audits it."""
    snapshot, lake = built(config, as_of), Lake(config)
    root, copy = Path(config.lake.root), "planted/future-edges"
    shutil.copytree(root / snapshot.base, root / copy)
    files = (edges_file(view, config.task.edge, region) for view in (View.SERVE, View.TRAIN))
    shutil.copyfile(*(root / copy / file for file in files))
    with open_engine(config, lake) as engine:
        try:
            audit(engine, config, as_of, lambda table: lake.storage.uri(f"{copy}/{table}"))
        except LeakageError as error:
            return error.found
    return ""


def refusal_of_vectors(config: PipelineConfig, as_of: datetime, region: Region) -> str:
    """Puts the serve view's vectors where the train view's belong, and evaluates them."""
    day, layout, root = Day(config, as_of), Lake(config).layout, Path(config.lake.root)
    (source,) = config.recommender.sources
    train_model.run(day, region, [source])
    generate_embeddings.run(day, region, View.SERVE, [source])
    folders = (
        layout.embedding(day.ref(StepName.EMBED, region, view, source).id)
        for view in (View.SERVE, View.TRAIN)
    )
    shutil.copytree(*(root / folder for folder in folders))
    try:
        evaluate_model.run(Day(config, as_of), region)
    except (LakeError, LeakageError) as error:  # a copy has another artefact's id
        return error.found
    return ""


def refusal_of_batches(config: PipelineConfig, as_of: datetime, region: Region) -> str:
    """Trains with a sampler that does not mask, under the trainer's own audit."""
    graph = load_graph(built(config, as_of), View.TRAIN, region)
    features = FeatureEncoder.fit(graph, {}).encode(graph)
    try:
        model, task = GraphSAGEConfig(), config.task
        train_for(graph, features, model, config.training, 1, Unmasked, task=task)
    except LeakageError as error:
        return error.found
    return ""


def absence_of_totals(config: PipelineConfig, as_of: datetime, region: Region) -> str:
    """Declares the totals with the time they were made, and looks for them in every view."""
    data = config.model_dump(mode="json")
    data["source"]["features"]["place"] = DATED_TOTALS
    dated = PipelineConfig.model_validate({**data, "pipeline": "dated"})
    snapshot = built(dated, as_of)
    for view in View:
        totals = snapshot.read_table(nodes_file(view, "place", region))["total"]
        if totals.null_count < len(totals) or not len(totals) or pc.any(totals.is_valid()).as_py():
            return ""
    return "no place of any view has a total"
