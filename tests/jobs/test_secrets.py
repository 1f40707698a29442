"""A canary in every place that may hold a secret is found in nothing that a day writes."""

import json
from pathlib import Path

import fsspec
import pytest
import yaml

from graphrec_core.config import STEPS, Grain, PipelineConfig, StepName, load_pipeline
from graphrec_core.lake import artifact_id
from graphrec_core.lake.identity import declared_config
from graphrec_core.types import ALL_REGIONS
from tests.support.command_line import Done, run_main
from tests.support.market import AS_OF, market_data, write_market

pytestmark = pytest.mark.pipeline

CANARY = "c4n4ry-0f-a-secret"
DAY = ("--as-of", AS_OF.isoformat())
AREAS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 0], [x + 10, 0], [x + 10, 10], [x, 10], [x, 0]]],
            },
        }
        for name, x in (("east", 0), ("west", 20))
    ],
}


def pipeline(folder: Path, secret: str) -> Path:
    """The market, with a secret wherever the configuration may hold one."""
    write_market(folder / "lake")
    data = market_data(folder / "lake")
    # A folder of that name: no store for tests takes a password in its URI and can publish.
    data["lake"] = {"root": f"{folder}/lake?token={secret}"}
    data["snapshot"]["spark_settings"] = {
        "fs.s3a.access.key": secret,
        "fs.s3a.secret.key": secret,
        "fs.s3a.session.token": secret,
        "spark.ssl.keyPassword": secret,
    }
    polygons = f"memory://user:{secret}@areas{folder.name}/areas.geojson"
    with fsspec.open(polygons, "w") as handle:
        json.dump(AREAS, handle)
    data["region"] = {
        "user": "from_events",
        "place": "coordinates",
        "areas": {"polygons": polygons, "name": "name"},
    }
    data["source"]["nodes"]["place"] = (
        "select place as node_id, opened as valid_from, 5.0 as latitude, stars, "
        "case when place in ('p0', 'p1', 'p2') then 5.0 else 25.0 end as longitude from places"
    )
    # Nothing can read it: validate-source would end the day.
    unused = {"path": f"https://host/x.csv?sig={secret}", "format": "csv"}
    data["training"] = {"num_epochs": 1}
    data["gate"] = {"min_queries": 1}
    path = folder / "market.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    path.with_suffix(".unused.yaml").write_text(
        yaml.safe_dump({**data, "source": {**data["source"], "tables": {
            **data["source"]["tables"], "unused": unused}}}),
        encoding="utf-8",
    )  # fmt: skip
    return path


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return pipeline(tmp_path, CANARY)


def quiet(done: Done, *codes: int) -> Done:
    """Fails on a command that ended otherwise, or that printed the canary."""
    assert CANARY not in done.out + done.err
    assert done.code in (codes or (0,)), done.err
    return done


def run_day(path: Path) -> list[Done]:
    config = ("--config", str(path))
    steps: list[tuple[str, ...]] = [("validate-source",), ("build-snapshot",)]
    for region in ("east", "west"):
        one = ("--region", region)
        steps += [("train-model", *one), ("generate-embeddings", "--view", "train", *one)]
        steps += [("generate-embeddings", "--view", "serve", *one)]
        steps += [("evaluate-model", *one), ("build-shard", *one)]
    steps += [("publish-release",), ("write-report",)]
    done = [quiet(run_main(step, *config, *DAY, *words), 0, 3) for step, *words in steps]
    return [*done, quiet(run_main("status", *config, *DAY, "--json"))]


def test_a_day_writes_no_secret(market: Path) -> None:
    """Logs, results (which Airflow keeps), manifests, run records, releases, pages, tables."""
    run_day(market)
    root = load_pipeline(market).lake.root
    fs, folder = fsspec.core.url_to_fs(root)
    files = fs.find(folder)
    assert len(files) > 40
    assert any(name.endswith("index.html") for name in files)
    assert any("/releases/" in name for name in files)
    for name in files:
        assert CANARY.encode() not in fs.cat_file(name), name.removeprefix(folder)


@pytest.mark.parametrize(
    "setting",
    [
        f"lake.roott=s3://KEY:{CANARY}@bucket",
        f"s3://KEY:{CANARY}@bucket",
        CANARY,
        f"snapshot.spark_settings={{fs.s3a.secret.key: [{CANARY}",
        f"snapshot.spark_settings={{fs.s3a.secret.key: [{CANARY}]}}",
        f"source.tables.users={{path: 'ftp://a:{CANARY}@host/x.txt'}}",
        f"region.user=s3://KEY:{CANARY}@bucket",
        f"gate.seed=s3://KEY:{CANARY}@bucket",
        f"lake.root=nope://KEY:{CANARY}@bucket",
        f"source.tables.users={{path: 'sftp://a:{CANARY}@host.invalid/x.csv'}}",
    ],
)
def test_no_message_quotes_a_secret(market: Path, setting: str) -> None:
    for command in (("check-snapshot", *DAY), ("validate-source", *DAY)):
        quiet(run_main(command[0], "--config", str(market), *command[1:], "--set", setting), 2, 3)


@pytest.mark.parametrize("words", [(CANARY,), (f"{CANARY}}}", "x")])
def test_no_usage_error_quotes_what_the_shell_cut_off(
    market: Path, words: tuple[str, ...]
) -> None:
    quiet(run_main("show-config", "--config", str(market), *words), 2)


def test_a_broken_yaml_is_not_quoted(market: Path) -> None:
    for broken in (f"\nx: [{CANARY}", f"\n  {CANARY}: x", f"\nlake: {CANARY}\n"):
        path = market.with_name("broken.yaml")
        path.write_text(market.read_text() + broken)
        done = run_main("show-config", "--config", str(path))
        assert done.code == 2
        assert CANARY not in done.out + done.err.replace(f"{CANARY}:", "")


def test_show_config_shows_none(market: Path) -> None:
    for path in (market, market.with_suffix(".unused.yaml")):
        done = quiet(run_main("show-config", "--config", str(path)))
        assert "fs.s3a.secret.key: '***'" in done.out
        assert "lake?token=***" in done.out
        assert "***@areas" in done.out
    assert "sig=***" in done.out


def test_ids_do_not_depend_on_a_secret(tmp_path: Path) -> None:
    first, second = (
        load(pipeline(folder, secret).with_suffix(".unused.yaml"))
        for folder, secret in ((tmp_path, CANARY), (tmp_path, "an0ther-secret"))
    )
    for step in StepName:
        (name,) = first.recommender.sources
        source = name if STEPS[step].grain is Grain.SOURCE else ""
        ids = {artifact_id(step, c, AS_OF, ALL_REGIONS, {}, source) for c in (first, second)}
        assert len(ids) == 1, step
        assert CANARY not in json.dumps(declared_config(first, step, source))
    other = first.model_copy(update={"source": first.source.model_copy(update={"nodes": {}})})
    assert declared_config(first, StepName.SNAPSHOT) != declared_config(other, StepName.SNAPSHOT)


def load(path: Path) -> PipelineConfig:
    return load_pipeline(path)
