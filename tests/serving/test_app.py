from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.errors import LakeError
from graphrec_core.index.ann import build_index
from graphrec_core.lake import Artifact, Lake, attempt
from graphrec_core.lake.identity import artifact_id
from graphrec_core.ledger.live import Live
from graphrec_core.ledger.replay import LiveRegion
from graphrec_core.retrieval.ranker import ReciprocalRank
from graphrec_core.retrieval.shard import ShardTables, open_shard, write_shard
from graphrec_core.retrieval.sources import IndexSource
from graphrec_core.serving.app import create_app
from graphrec_core.serving.batch import write_recommendations
from graphrec_core.serving.following import Served
from graphrec_core.types import ArtifactId, Region
from tests.support.figures import SHARD_FIGURES
from tests.support.identities import tiny_id
from tests.support.recommit import replace_file
from tests.support.snapshots import AS_OF, tiny_config

E1, E2 = (tiny_id(StepName.SHARD, Region("east"), embedding=number) for number in "12")
W1, W2 = (tiny_id(StepName.SHARD, Region("west"), embedding=number) for number in "12")
VECTORS = np.array([[3, 0], [2, 0], [1, 0]], dtype=np.float32)


def _shard(
    config: PipelineConfig, region: str, number: int, queries: list[tuple[str, str]]
) -> Artifact:
    """Commits a shard of candidates a, b, c; query nodes are (id, role) and have seen a."""
    lake, ids = Lake(config), [name for name, _ in queries]
    tables = ShardTables(
        candidates=pa.table({"node_id": ["a", "b", "c"], "title": ["A", None, "C"]}),
        queries=pa.table(
            {
                "node_id": ids,
                "role": [role for _, role in queries],
                "is_active": [True] * len(ids),
                "title": ids,
            }
        ),
        seen=pa.table({"query_id": ids, "candidate_id": ["a"] * len(ids)}),
        popular=pa.table(
            {"rank": [1, 2, 3], "candidate_id": ["c", "a", "b"], "score": [9.0, 5.0, 1.0]}
        ),
    )
    inputs = {"embedding": str(number)}
    shard_id = artifact_id(StepName.SHARD, config, AS_OF, Region(region), inputs)
    folder = lake.layout.shard(Region(region), shard_id)
    with attempt(lake.storage, folder, shard_id) as trial:
        taste = IndexSource(build_index(VECTORS, config.index), np.tile([1.0, 0.0], (len(ids), 1)))
        write_shard(trial, tables, {"taste": taste}, ReciprocalRank(), SHARD_FIGURES)
        return trial.commit(StepName.SHARD, config, AS_OF, Region(region), inputs, SHARD_FIGURES)


def _point(config: PipelineConfig, **shards: tuple[str, str]) -> None:
    """Points LIVE at (shard, how it serves) per region."""
    regions = {
        Region(region): LiveRegion.model_validate(
            {"shard_id": shard, "as_of": "20260101T000000Z", "serves": serves, "release_id": "r"}
        )
        for region, (shard, serves) in shards.items()
    }
    lake = Lake(config)
    live = Live(
        release_id=ArtifactId("-".join(shard for shard, _ in shards.values())), regions=regions
    )
    lake.storage.write(lake.layout.live, live.to_bytes())


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    config = tiny_config(tmp_path)
    _shard(config, "east", 1, [("halo/er", "halo"), ("u/1", "home")])
    _shard(config, "west", 1, [("halo/er", "home"), ("u/1", "halo")])
    return config


@pytest.fixture
def client(config: PipelineConfig) -> TestClient:
    _point(config, east=(E1, "model"), west=(W1, "popular"))
    return TestClient(create_app(Lake(config), check_every_s=0))


def test_a_query_goes_to_its_home_region(client: TestClient) -> None:
    answer = client.get("/recommend/u/1?k=5").json()
    assert (answer["region"], answer["shard_id"], answer["serves"]) == ("east", E1, "model")
    found = [
        (i["rank"], i["candidate_id"], i["score"], i["sources"], i["title"])
        for i in answer["items"]
    ]
    assert found == [(1, "b", 2.0, ["taste"], None), (2, "c", 1.0, ["taste"], "C")]


def test_an_answer_says_why_where_it_is_asked(client: TestClient) -> None:
    """b and c are what u/1 has not seen; the source has b first, by its vectors."""
    plain = client.get("/recommend/u/1", params={"k": 2}).json()
    assert all("why" not in item for item in plain["items"])
    found = client.get("/recommend/u/1", params={"k": 2, "explain": True}).json()
    whys = [item.pop("why") for item in found["items"]]
    assert found == plain
    assert whys == [
        {"ranks": {"taste": 1}, "features": []},
        {"ranks": {"taste": 2}, "features": []},
    ]
    popular = client.get("/recommend/halo/er", params={"explain": True}).json()
    assert all("why" not in item for item in popular["items"])  # a list asks nothing


def test_a_popular_region_is_labelled(client: TestClient) -> None:
    answer = client.get("/recommend/halo/er?k=1").json()
    assert (answer["region"], answer["serves"]) == ("west", "popular")
    assert [(i["candidate_id"], i["sources"]) for i in answer["items"]] == [("c", ["popular"])]


@pytest.mark.parametrize("k", ["0", "1001", "many"])
def test_k_is_bounded(client: TestClient, k: str) -> None:
    assert client.get(f"/recommend/u/1?k={k}").status_code == 422


def test_unknown_and_overlong_ids(client: TestClient) -> None:
    assert client.get("/recommend/nobody").status_code == 404
    assert client.get("/recommend/" + "x" * 513).status_code == 422


def test_a_stranger_is_answered_where_a_live_region_is_said(client: TestClient) -> None:
    answer = client.get("/recommend/nobody?region=east&k=2").json()
    assert (answer["query_id"], answer["title"], answer["region"]) == ("nobody", None, "east")
    # No source of this shard answers whoever it does not know: the popular list.
    assert [(i["candidate_id"], i["sources"]) for i in answer["items"]] == [
        ("c", ["popular"]),
        ("a", ["popular"]),
    ]
    assert client.get("/recommend/nobody?region=north").status_code == 404
    assert client.get("/recommend/u/1?region=west").json()["region"] == "east"  # its home wins


def test_health_and_regions(client: TestClient) -> None:
    assert client.get("/healthz").json() == {
        "status": "ok",
        "release_id": f"{E1}-{W1}",
        "regions": {"east": "ok", "west": "ok"},
        "faults": {},
    }
    west = client.get("/regions").json()["west"]
    assert (west["shard_id"], west["wanted"], west["state"], west["fault"]) == (
        W1,
        W1,
        "ok",
        "",
    )


def test_nothing_live_is_unhealthy(tmp_path: Path) -> None:
    client = TestClient(create_app(Lake(tiny_config(tmp_path))))
    assert client.get("/healthz").status_code == 503
    assert client.get("/recommend/u").status_code == 404


def test_live_is_followed(config: PipelineConfig, client: TestClient) -> None:
    _shard(config, "east", 2, [("u/1", "home")])
    _point(config, east=(E2, "popular"))
    answer = client.get("/recommend/u/1").json()
    assert (answer["shard_id"], answer["serves"]) == (E2, "popular")
    assert client.get("/recommend/halo/er").status_code == 404


def test_a_damaged_shard_stops_its_region_only(
    config: PipelineConfig, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = _shard(config, "east", 2, [("u/1", "home")])
    _shard(config, "west", 2, [("halo/er", "home")])
    path = f"{damaged.base}/queries.parquet"
    data = Lake(config).storage.read(path)
    Lake(config).storage.write(path, bytes([data[0] ^ 1]) + data[1:])
    _point(config, east=(E2, "model"), west=(W2, "model"))
    assert client.get("/recommend/u/1").json()["shard_id"] == E1
    assert client.get("/recommend/halo/er").json()["shard_id"] == W2
    health = client.get("/healthz")
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert health.json()["regions"] == {"east": "stale", "west": "ok"}
    assert "queries.parquet" in health.json()["faults"]["east"]
    east = client.get("/regions").json()["east"]
    assert (east["shard_id"], east["wanted"], east["state"]) == (E1, E2, "stale")
    lines = [one for one in caplog.messages if one.startswith(f"east: {E1} goes on")]
    assert len(lines) == 1, "said once, not at every look"
    Lake(config).storage.write(path, data)
    for _ in range(40):
        client.get("/healthz")
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/recommend/u/1").json()["shard_id"] == E2


def test_a_service_starts_without_a_region_that_cannot_be_loaded(config: PipelineConfig) -> None:
    _point(config, east=("gone", "model"), west=(W1, "model"))
    client = TestClient(create_app(Lake(config), check_every_s=0))
    assert client.get("/recommend/halo/er").json()["region"] == "west"
    assert client.get("/healthz").json()["regions"] == {"east": "unavailable", "west": "ok"}
    for path in ("/recommend/u/1", "/recommend/nobody?region=east"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "east: " in answer.json()["detail"]
    assert client.get("/regions").json()["east"]["shard_id"] is None
    _point(config, east=(E1, "model"), west=(W1, "model"))
    assert client.get("/recommend/u/1").json()["shard_id"] == E1
    assert client.get("/healthz").json()["status"] == "ok"


@pytest.mark.parametrize("damage", [None, b"{", b"{}", b'{"regions": {}}'])
def test_a_pointer_that_is_gone_or_damaged_leaves_the_shards_serving(
    config: PipelineConfig,
    client: TestClient,
    caplog: pytest.LogCaptureFixture,
    damage: bytes | None,
) -> None:
    lake = Lake(config)
    good = lake.storage.read(lake.layout.live)
    if damage is None:
        lake.storage.remove(lake.layout.live)
    else:
        lake.storage.write(lake.layout.live, damage)
    for _ in range(3):
        assert client.get("/recommend/u/1").json()["shard_id"] == E1
    health = client.get("/healthz")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert health.json()["regions"] == {"east": "stale", "west": "stale"}
    assert "LIVE.json" in health.json()["faults"]
    assert "LIVE.json" in client.get("/regions").json()["east"]["fault"]
    assert len([one for one in caplog.messages if "cannot follow LIVE" in one]) == 1
    lake.storage.write(lake.layout.live, good)
    assert client.get("/healthz").json()["status"] == "ok"


def test_a_service_waits_for_a_damaged_pointer(config: PipelineConfig) -> None:
    lake = Lake(config)
    good = Live(regions={}).to_bytes()
    lake.storage.write(lake.layout.live, b"{")
    client = TestClient(create_app(lake, check_every_s=0))
    assert client.get("/healthz").status_code == 503
    assert client.get("/recommend/u/1").status_code == 503
    lake.storage.write(lake.layout.live, good)
    assert client.get("/recommend/u/1").status_code == 404
    _point(config, east=(E1, "model"))
    assert client.get("/recommend/u/1").json()["shard_id"] == E1


def test_a_shard_whose_table_is_no_parquet_leaves_the_old_ones_serving(
    config: PipelineConfig, client: TestClient
) -> None:
    shard = _shard(config, "east", 2, [("u/1", "home")])
    replace_file(Lake(config).storage, shard, "candidates.parquet", b"not a table")
    _point(config, east=(E2, "model"))
    assert client.get("/recommend/u/1").json()["shard_id"] == E1


def test_a_damaged_shard_is_not_opened(config: PipelineConfig) -> None:
    shard = _shard(config, "east", 3, [("u/1", "home")])
    open_shard(shard)
    Lake(config).storage.write(f"{shard.base}/seen.parquet", b"damaged")
    with pytest.raises(LakeError, match="sha256"):
        open_shard(shard)


def test_a_node_at_home_twice_is_answered_by_the_first_shard(
    config: PipelineConfig, tmp_path: Path
) -> None:
    first = Served(open_shard(_shard(config, "east", 4, [("u", "home")])), "model")
    second = Served(open_shard(_shard(config, "west", 4, [("u", "home"), ("v", "home")])), "model")
    output = tmp_path / "top.parquet"
    assert write_recommendations([first, second], 1, output) == 2


def test_a_fault_leaves_no_file(config: PipelineConfig, tmp_path: Path) -> None:
    def broken() -> object:
        yield Served(open_shard(_shard(config, "east", 5, [("u", "home")])), "model")
        raise LakeError(must="a", found="b", fix="c")

    output = tmp_path / "out" / "top.parquet"
    with pytest.raises(LakeError):
        write_recommendations(broken(), 1, output)  # type: ignore[arg-type]
    assert list(output.parent.iterdir()) == []


def test_peers_are_never_recommended_to_themselves(tmp_path: Path) -> None:
    config = tiny_config(
        tmp_path,
        task={"query": "user", "candidate": "user", "edge": "knows", "exclude_seen": False},
        source={
            "tables": {"users": {"path": "users.parquet"}},
            "nodes": {"user": "select * from users"},
            "edges": {"knows": "select * from users"},
        },
        region={"user": "column"},
    )
    shard = open_shard(_shard(config, "east", 1, [("b", "home")]))
    output = tmp_path / "top.parquet"
    write_recommendations([Served(shard, "model")], 3, output)
    assert pq.read_table(output)["candidate_id"].to_pylist() == ["a", "c"]
