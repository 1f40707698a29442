"""Refitted weights serve unless they are not finite or recommend too unlike the judged ones."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_core.config.lake import LakeConfig
from graphrec_core.embedding import (
    count_nodes,
    embed_view,
    inference,
    write_vectors,
)
from graphrec_core.errors import RefusedError
from graphrec_core.judging.refit_guard import embed_serve_view, overlap_of_lists
from graphrec_core.lake import Lake, attempt
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.types import ALL_REGIONS, ArtifactId, View
from tests.embedding.test_embed_view import EAST, WEST, config, snapshot, write_model
from tests.support.recommit import replace_file
from tests.support.snapshots import write_tiny_snapshot

__all__ = ["config", "snapshot"]


def test_overlap_by_hand():
    one = np.array([[1, 2, 3, 4], [5, 6, -1, -1], [-1, -1, -1, -1]])
    other = np.array([[4, 9, 8, 1], [-1, -1, -1, -1], [1, 2, 3, 4]])
    np.testing.assert_array_equal(overlap_of_lists(one, other), [0.5, 0])


def same_vectors(tables, snapshot, model, *, refit):
    trained_on = View.SERVE if refit else View.TRAIN
    wanted = embed_view(snapshot, View.SERVE, EAST, model, trained_on=trained_on)[EAST]
    return all(tables[EAST][ntype].equals(table) for ntype, table in wanted.items())


def test_weights_that_recommend_something_else_do_not_serve(config, snapshot, caplog):
    """The refitted weights are random ones: their lists overlap by chance alone."""
    model = write_model(config, snapshot, EAST, "astray", refit=True)
    tables, checks = embed_serve_view(snapshot, EAST, model, 0.99)
    check = checks[EAST]
    assert check.served == "judged"
    assert 0 < check.overlap < 0.99
    assert check.num_queries in (59, 60)  # GraphSAGE knows one from features alone
    assert f"overlap by {check.overlap:.3f}, gate.min_refit_overlap is 0.99" in check.why
    assert check.why in caplog.text
    assert same_vectors(tables, snapshot, model, refit=False)
    tables, again = embed_serve_view(snapshot, EAST, model, check.overlap)
    assert (again[EAST].served, again[EAST].why) == ("refitted", "")
    assert same_vectors(tables, snapshot, model, refit=True)


def with_guests(config, snapshot, num):
    """Makes the first users of the serve view halo nodes, as from another region."""
    name = nodes_file(View.SERVE, "user", EAST)
    users = snapshot.read_table(name)
    roles = ["halo"] * num + users["role"].to_pylist()[num:]
    users = users.set_column(
        users.column_names.index("role"),
        users.schema.field("role"),
        pa.array(roles, users.schema.field("role").type),
    )
    sink = pa.BufferOutputStream()
    pq.write_table(users, sink)
    return replace_file(Lake(config).storage, snapshot, name, sink.getvalue().to_pybytes())


def naive_lists(snapshot, vectors):
    """The 20 best unseen candidates of each home user who has a vector, one by one."""
    rows = {
        ntype: dict(zip(*(table[name].to_pylist() for name in ("node_id", "vector")), strict=True))
        for ntype, table in vectors.items()
    }
    users, places, visits = (
        snapshot.read_table(name).to_pylist()
        for name in (
            nodes_file(View.SERVE, "user", EAST),
            nodes_file(View.SERVE, "place", EAST),
            edges_file(View.SERVE, "visited", EAST),
        )
    )
    seen = {(visit["src"], visit["dst"]) for visit in visits}
    shown = [place["node_id"] for place in places if place["is_candidate"]]
    assert len(shown) < len(places)  # the halo place is none
    return {
        user: set(
            sorted(
                (place for place in shown if place in rows["place"] and (user, place) not in seen),
                key=lambda place: -np.dot(rows["user"][user], rows["place"][place]),
            )[:20]
        )
        for user in (one["node_id"] for one in users if one["role"] == "home")
        if np.any(rows["user"].get(user, 0))  # one who is new has no vector, or one of zeros
    }


def test_the_overlap_is_that_of_what_would_be_shown(config, tmp_path):
    """Counted by hand: home users, candidates only, nothing that they have seen."""
    config = config.model_copy(update={"lake": LakeConfig(root=str(tmp_path))})
    snapshot = with_guests(config, write_tiny_snapshot(config), num=20)
    model = write_model(config, snapshot, EAST, "by_hand", refit=True)
    judged, refitted = (
        naive_lists(snapshot, embed_view(snapshot, View.SERVE, EAST, model, trained_on=view)[EAST])
        for view in (View.TRAIN, View.SERVE)
    )
    shares = [len(judged[user] & refitted[user]) / len(judged[user]) for user in judged]
    _, checks = embed_serve_view(snapshot, EAST, model, 0)
    assert checks[EAST].num_queries == len(shares)
    assert checks[EAST].overlap == pytest.approx(np.mean(shares), abs=1e-9)


def test_both_weights_read_the_view_once(config, snapshot, monkeypatch):
    model = write_model(config, snapshot, EAST, "read_once", refit=True)
    loaded, load = [], inference.load_graph
    monkeypatch.setattr(inference, "load_graph", lambda *what: loaded.append(what) or load(*what))
    embed_serve_view(snapshot, EAST, model, 0)
    assert [view for _, view, _ in loaded] == [View.SERVE]


def test_weights_that_are_not_finite_do_not_serve(config, snapshot):
    model = write_model(config, snapshot, EAST, "nan", refit=True, refit_bias=float("nan"))
    tables, checks = embed_serve_view(snapshot, EAST, model, 0)
    assert checks[EAST].served == "judged"
    assert "vectors are not, such as" in checks[EAST].why
    assert same_vectors(tables, snapshot, model, refit=False)


def test_judged_weights_that_are_not_finite_are_refused(config, snapshot):
    model = write_model(config, snapshot, EAST, "worse", refit=True, bias=float("nan"))
    with pytest.raises(RefusedError, match="must be finite"):
        embed_serve_view(snapshot, EAST, model, 0)


def test_a_model_without_refitted_weights_is_not_checked(config, snapshot):
    model = write_model(config, snapshot, EAST, "once")
    tables, checks = embed_serve_view(snapshot, EAST, model, 1)
    assert checks == {}
    assert same_vectors(tables, snapshot, model, refit=False)


def test_a_global_model_is_checked_region_by_region(config, snapshot):
    """One region may serve refitted weights, the other judged ones; the manifest says both."""
    model = write_model(config, snapshot, ALL_REGIONS, "both", refit=True)
    _, checks = embed_serve_view(snapshot, ALL_REGIONS, model, 0)
    least, most = sorted(check.overlap for check in checks.values())
    assert least < most
    tables, checks = embed_serve_view(snapshot, ALL_REGIONS, model, most)
    assert sorted(check.served for check in checks.values()) == ["judged", "refitted"]
    assert set(tables) == {EAST, WEST}
    lake = Lake(config)
    with attempt(lake.storage, "embeddings/both", ArtifactId("both")) as trial:
        origin = write_vectors(trial, View.SERVE, tables)
    assert origin.trained_on == "serve and train"
    assert count_nodes(tables, model)["num_nodes"] == {"place": 80, "user": 120}
