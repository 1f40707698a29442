import pytest
import torch

from graphrec_core.errors import LakeError
from graphrec_core.graph import load_graph
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.types import ALL_REGIONS, Region, View
from tests.support.snapshots import tiny_config, write_tiny_snapshot

EAST, WEST = Region("east"), Region("west")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return write_tiny_snapshot(tiny_config(tmp_path_factory.mktemp("lake")))


def test_a_region_keeps_ids_edges_and_candidates(snapshot):
    graph = load_graph(snapshot, View.TRAIN, EAST)
    table = snapshot.read_table(edges_file(View.TRAIN, "visited", EAST))
    expected = set(zip(table["src"].to_pylist(), table["dst"].to_pylist(), strict=True))

    names = graph.node_ids("place").to_pylist() + graph.node_ids("user").to_pylist()
    pairs = graph.task_pairs
    found = {(names[s], names[d]) for s, d in zip(pairs.src, pairs.dst, strict=True)}

    assert names[:41] == sorted(names[:41])
    assert names[41:] == sorted(names[41:])
    assert graph.offsets == {"place": 0, "user": 41}
    assert found == expected
    assert len(pairs) == len(expected)
    assert "west-p0" in names
    assert names.index("west-p0") not in graph.candidates[EAST].tolist()
    assert len(graph.candidates[EAST]) == 40


def test_the_union_counts_a_border_node_once_and_as_home(snapshot):
    graph = load_graph(snapshot, View.TRAIN, ALL_REGIONS)
    single = [load_graph(snapshot, View.TRAIN, region) for region in (EAST, WEST)]

    places = graph.nodes["place"].to_pylist()

    assert graph.nodes["place"].num_rows == 80
    assert {row["role"] for row in places} == {"home"}
    assert len(graph.task_pairs) == sum(len(one.task_pairs) for one in single)
    assert graph.regions == (EAST, WEST)
    for region in (EAST, WEST):
        rows = snapshot.read_table(nodes_file(View.TRAIN, "place", region)).to_pylist()
        ids = [places[index]["node_id"] for index in graph.members[region]["place"].tolist()]
        assert ids == [row["node_id"] for row in rows]


def test_queries_know_their_home(snapshot):
    graph = load_graph(snapshot, View.TRAIN, ALL_REGIONS)

    homes = graph.query_regions[graph.slice_of("user")].tolist()

    expected = [name.split("-")[0] for name in graph.node_ids("user").to_pylist()]
    assert [graph.regions[home] for home in homes] == expected
    assert torch.all(graph.query_regions[graph.slice_of("place")] == -1)


def test_an_unknown_region_is_named(snapshot):
    with pytest.raises(LakeError, match="north"):
        load_graph(snapshot, View.TRAIN, Region("north"))
