"""What every step of one tiny day gives: exact values, and numbers that processors round.

``python -m tests.pinned.tiny_day`` pins the present results; do so after a version was bumped.
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load

from graphrec_core.config import STEPS, PipelineConfig, StepName, load_pipeline
from graphrec_core.config.recommender import (
    ChallengerConfig,
    LearnedConfig,
    LightGBMConfig,
    LogisticConfig,
)
from graphrec_core.day import Day
from graphrec_core.day.references import evaluation_ref
from graphrec_core.evaluation.forward import pooled, read_scores
from graphrec_core.judging.build_shard import produce_shard
from graphrec_core.judging.choose import produce_choice
from graphrec_core.judging.evaluate import produce_evaluation
from graphrec_core.judging.fit_ranker import produce_ranker
from graphrec_core.judging.of_source import produce_embedding
from graphrec_core.judging.ranker_window import WindowReader
from graphrec_core.judging.score_release import produce_score
from graphrec_core.lake import Artifact
from graphrec_core.lake.identity import digest
from graphrec_core.lake.layout import topn_file
from graphrec_core.lake.records import ChoiceFigures, RankerFigures
from graphrec_core.ledger.past import read_past
from graphrec_core.ledger.release import Release
from graphrec_core.ledger.storing import store_release
from graphrec_core.publishing.publish import publish
from graphrec_core.quality.snapshot_suites import check_snapshot
from graphrec_core.quality.source_check import check_day_source
from graphrec_core.retrieval.from_shard import recommend_from_shard
from graphrec_core.retrieval.learned_ranker import read_model
from graphrec_core.retrieval.shard import open_shard
from graphrec_core.snapshot import produce_snapshot
from graphrec_core.training.region_model import produce_model
from graphrec_core.types import Region, View, format_instant

PINNED = Path(__file__).with_name("tiny_day.json")
TOWN = Path(__file__).parents[2] / "configs" / "town.yaml"
SETTINGS = (
    "source.town={num_regions: 2, num_users: 50, num_places: 40, num_days: 40}",
    "snapshot.engine=duckdb",
    "snapshot.threads=1",
    "recommender.sources.taste={model: lightgcn, embedding_dim: 4}",
    "recommender.sources.walks={model: covisitation}",
    "training.num_epochs=30",
    "training.learning_rate=0.1",
    "training.patience=30",
    "training.min_queries=10",
    "gate.undecided=live",
    "publish={mode: force, forced_by: a test, forced_why: to pin}",
)
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
EAST = Region("ash")
NUM_ROWS = 3
Results = dict[str, dict[str, Any]]


def tiny_town(lake: Path, *more: str) -> PipelineConfig:
    """Returns the pipeline of a town of two regions, 50 users and 40 places each."""
    return load_pipeline(TOWN, [f"lake.root={lake}", *SETTINGS, *more])


def run_tiny_day(folder: Path) -> Results:
    """Runs the day and returns step -> its version, ``exact`` and ``near`` results."""
    day = Day(tiny_town(folder / "lake"), AS_OF)
    source, snapshot = check_day_source(day), produce_snapshot(day)
    check = check_snapshot(day, snapshot)
    for region in map(Region, check.manifest.stats["kept_regions"]):
        produce_model(day, region, "taste")
        for view in View:
            for name in ("taste", "walks"):
                produce_embedding(day, region, view, name)
        produce_evaluation(day, region)
        produce_shard(day, region)
    release = publish(day)
    entry = release.regions[EAST]
    return {
        StepName.VALIDATE: _result(StepName.VALIDATE, _files(source) | source.manifest.stats),
        StepName.SNAPSHOT: _result(StepName.SNAPSHOT, _files(snapshot)),
        StepName.CHECK: _result(StepName.CHECK, check.manifest.stats),
        StepName.TRAIN: _of_model(day.open(day.ref(StepName.TRAIN, EAST, source="taste"))),
        **_of_ranker(day),
        StepName.CHOICE: _of_choice(day),
        StepName.EMBED: _of_embeddings(day),
        StepName.EVALUATE: _of_evaluation(day),
        StepName.SHARD: _of_shard(day.open(day.ref(StepName.SHARD, EAST))),
        StepName.PUBLISH: _result(
            StepName.PUBLISH,
            {
                "regions": sorted(release.regions),
                "entry": [entry.verdict, entry.passed, entry.serves, entry.number],
                "rules": [[rule.rule, rule.metric, rule.outcome] for rule in entry.rules],
            },
        ),
        StepName.SCORE: _of_score(day, release),
    }


def _result(step: StepName, exact: dict[str, Any], **near: Any) -> dict[str, Any]:
    return {"version": STEPS[step].version, "exact": exact, "near": near}


def _files(artifact: Artifact) -> dict[str, Any]:
    files = {name: entry.sha256 for name, entry in artifact.manifest.files.items()}
    return {"num_files": len(files), "files": digest(files)}


def _of_model(model: Artifact) -> dict[str, Any]:
    weights = {
        name: load(model.read(name))
        for name in sorted(model.manifest.files)
        if "safetensors" in name
    }
    near = {
        f"{name}:{key}": tensor[:NUM_ROWS].tolist()
        for name, tensors in weights.items()
        for key, tensor in tensors.items()
    }
    stats = model.manifest.stats
    keys = ("num_epochs", "best_epoch", "why_fixed", "num_parameters", "num_rows")
    exact = {key: stats[key] for key in keys}
    return _result(StepName.TRAIN, exact, **near)


def _of_ranker(day: Day) -> Results:
    """Fits rankers beside the day's own, which needs no fitting, to the day's window alone."""
    fitted, other = _with_ranker(day, LightGBMConfig(num_windows=1, min_leaf_pairs=5))
    figures = fitted.manifest.figures(RankerFigures)
    window = next(WindowReader(other, other.open(other.ref(StepName.SNAPSHOT))).read(EAST))
    small, _ = _with_ranker(day, LogisticConfig(num_windows=1))
    chances = {
        name: read_model(one, list(day.config.recommender.sources)).chances(
            window.features[:NUM_ROWS], EAST
        )
        for name, one in (("chances", fitted), ("logistic", small))
    }
    exact = figures.model_dump(mode="json", include={"regions", "num_queries", "num_pairs"})
    made = other.open(other.ref(StepName.WINDOW)).manifest
    first = {
        f"pair {row}": np.nan_to_num(window.features[row], nan=-1).tolist()
        for row in range(NUM_ROWS)
    }
    return {
        StepName.WINDOW: _result(StepName.WINDOW, made.stats, **first),
        StepName.RANKER: _result(
            StepName.RANKER, exact, **{name: one.tolist() for name, one in chances.items()}
        ),
    }


def _with_ranker(day: Day, settings: LearnedConfig) -> tuple[Artifact, Day]:
    """Fits a ranker, and returns it with the day that has it."""
    recommender = day.config.recommender.model_copy(update={"ranker": settings})
    other = Day(day.config.model_copy(update={"recommender": recommender}), day.as_of)
    return produce_ranker(other), other


def _of_choice(day: Day) -> dict[str, Any]:
    """Lets the day's sources compete with what is merged of them."""
    recommender = day.config.recommender
    rivals = {name: ChallengerConfig(sources=(name,)) for name in recommender.sources}
    several = recommender.model_copy(update={"challengers": rivals})
    other = Day(day.config.recommending(several), day.as_of)
    figures = produce_choice(other).manifest.figures(ChoiceFigures)
    exact = figures.model_dump(mode="json", include={"chosen", "chosen_by"})
    pool = {name: one.metrics for name, one in figures.pool.contenders.items()}
    return _result(StepName.CHOICE, exact, pool=pool)


def _of_embeddings(day: Day) -> dict[str, Any]:
    near: dict[str, Any] = {}
    exact: dict[str, Any] = {}
    for view in View:
        artifact = day.open(day.ref(StepName.EMBED, EAST, view, "taste"))
        exact[view] = artifact.manifest.stats["num_nodes"]
        for name in sorted(artifact.manifest.files):
            near[name] = artifact.read_table(name).slice(0, NUM_ROWS)["vector"].to_pylist()
        listed = day.open(day.ref(StepName.EMBED, EAST, view, "walks"))
        table = listed.read_table(topn_file(view, EAST))
        exact[f"{view}, walks"] = table.num_rows
        first = table.slice(0, NUM_ROWS).drop_columns("score").to_pylist()
        exact[f"{view}, first"] = [list(row.values()) for row in first]
        near[f"{view}, walks"] = table["score"].slice(0, NUM_ROWS).to_pylist()
    return _result(StepName.EMBED, exact, **near)


def _of_evaluation(day: Day) -> dict[str, Any]:
    found = day.open(evaluation_ref(day, read_past(day.lake), EAST)).manifest.stats
    return _result(StepName.EVALUATE, {"verdict": found["verdict"]}, metrics=found["metrics"])


def _of_shard(artifact: Artifact) -> dict[str, Any]:
    shard, stats = open_shard(artifact), artifact.manifest.stats
    ranking = next(recommend_from_shard(shard, "model", np.arange(NUM_ROWS), 5))
    exact = {
        "popular": shard.tables.popular["candidate_id"].to_pylist(),
        "num_candidates": stats["num_candidates"],
    }
    return _result(StepName.SHARD, exact, scores=ranking.scores.tolist())


def _of_score(day: Day, release: Release) -> dict[str, Any]:
    """Scores the release as if it were a horizon older."""
    earlier = format_instant(day.as_of - day.config.time.horizon)
    older = release.model_copy(update={"id": digest("older"), "as_of": earlier})
    store_release(day.lake, older)
    score = produce_score(day, read_past(day.lake))
    means = pooled(list(read_scores(score)), day.config)["means"]
    return _result(StepName.SCORE, score.manifest.stats, **means)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(run_tiny_day(Path(folder)), indent=1, sort_keys=True)
    PINNED.write_text(text + "\n", encoding="utf-8")
