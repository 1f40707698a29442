import pytest

from graphrec_core.graph import RegionGraph, load_graph
from graphrec_core.lake import Artifact
from graphrec_core.types import ALL_REGIONS, View
from tests.support.snapshots import tiny_config, write_tiny_snapshot


@pytest.fixture(scope="package")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return write_tiny_snapshot(tiny_config(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="package")
def graph(snapshot: Artifact) -> RegionGraph:
    """The train view of east and west."""
    return load_graph(snapshot, View.TRAIN, ALL_REGIONS)
