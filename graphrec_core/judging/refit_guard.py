"""Which weights serve: those refitted on the serve view, unless they went astray.

Nobody judges refitted weights, since they have seen the holdout. So they are held against the
judged ones, re-applied to the same serve view: what they recommend must be finite, and overlap
enough with what those recommend.
"""

import logging
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.axes.pairs import never_shown
from graphrec_core.axes.rows import id_array, vectors_along
from graphrec_core.config.task import TaskConfig
from graphrec_core.embedding.checkpoint import has_weights
from graphrec_core.embedding.inference import embed_view, view_graph
from graphrec_core.errors import RefusedError
from graphrec_core.lake import Artifact
from graphrec_core.lake.layout import edges_file, nodes_file
from graphrec_core.lake.records import RefitCheck
from graphrec_core.retrieval.sources import vector_source
from graphrec_core.types import Region, Role, View

logger = logging.getLogger(__name__)

DEPTH = 20
"""Ranks of a list that are compared."""
MAX_QUERIES = 1000
"""Queries of a region that are compared, evenly picked."""

Tables = Mapping[str, pa.Table]
"""ntype -> table (node_id, vector)."""


def embed_serve_view(
    snapshot: Artifact, region: Region, model: Artifact, min_overlap: float
) -> tuple[dict[Region, dict[str, pa.Table]], dict[Region, RefitCheck]]:
    """Encodes the serve view with the weights that may serve, region by region.

    Args:
        snapshot: The day's snapshot.
        region: A region, or ``ALL_REGIONS`` for all of them.
        model: A committed model.
        min_overlap: ``gate.min_refit_overlap``.

    Returns:
        Vectors as ``embed_view`` returns them, and by region the check; no check for a model
        without refitted weights.

    Raises:
        LakeError: The model was trained on other node types or features.
        RefusedError: A vector of the judged weights is not finite.
    """
    graph = view_graph(snapshot, View.SERVE, region, model)
    judged = embed_view(snapshot, View.SERVE, region, model, graph=graph)
    if not has_weights(model, View.SERVE):
        return judged, {}
    try:
        refitted = embed_view(
            snapshot, View.SERVE, region, model, trained_on=View.SERVE, graph=graph
        )
    except RefusedError as error:
        check = RefitCheck(served="judged", overlap=None, num_queries=0, why=error.found)
        checks = dict.fromkeys(judged, check)
        _tell(checks)
        return judged, checks
    checks = {
        name: _check(snapshot, name, judged[name], refitted[name], min_overlap) for name in judged
    }
    _tell(checks)
    chosen = {"judged": judged, "refitted": refitted}
    return {name: chosen[check.served][name] for name, check in checks.items()}, checks


def overlap_of_lists(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Computes the share of each list that the other one has.

    Args:
        one: int64 [Q, k]; candidate rows, -1: none.
        other: int64 [Q, k]; the same.

    Returns:
        float64 [queries whose first list is not empty].
    """
    found = (one[:, :, None] == other[:, None, :]).any(axis=2) & (one >= 0)
    lengths = (one >= 0).sum(axis=1)
    return found.sum(axis=1)[lengths > 0] / lengths[lengths > 0]


def _check(
    snapshot: Artifact, region: Region, judged: Tables, refitted: Tables, min_overlap: float
) -> RefitCheck:
    task = TaskConfig.model_validate(snapshot.manifest.config["task"])
    lists = _Lists(snapshot, region, task)
    overlaps = overlap_of_lists(lists.top(judged), lists.top(refitted))
    if len(overlaps) == 0:
        return RefitCheck(served="refitted", overlap=None, num_queries=0)
    overlap, num = float(overlaps.mean()), len(overlaps)
    if overlap >= min_overlap:
        return RefitCheck(served="refitted", overlap=overlap, num_queries=num)
    why = f"their top {DEPTH} overlap by {overlap:.3f}, gate.min_refit_overlap is {min_overlap:g}"
    return RefitCheck(served="judged", overlap=overlap, num_queries=num, why=why)


class _Lists:
    """The top lists of a region's home queries in the serve view, without what they know."""

    def __init__(self, snapshot: Artifact, region: Region, task: TaskConfig) -> None:
        self._task = task
        nodes = snapshot.read_table(
            nodes_file(View.SERVE, task.candidate, region), ["node_id", "is_candidate"]
        )
        self._candidates = id_array(nodes.filter(nodes["is_candidate"])["node_id"])
        people = snapshot.read_table(
            nodes_file(View.SERVE, task.query, region), ["node_id", "role"]
        )
        people = people.filter(pc.equal(people["role"], str(Role.HOME)))
        rows = np.linspace(0, people.num_rows - 1, min(MAX_QUERIES, people.num_rows))
        self._queries = id_array(people["node_id"]).take(pa.array(rows.astype(np.int64)))
        pairs = snapshot.read_table(edges_file(View.SERVE, task.edge, region), ["src", "dst"])
        self._seen = never_shown(
            pairs,
            self._queries,
            self._candidates,
            peers=task.recommends_peers,
            seen=task.exclude_seen,
        )

    def top(self, tables: Tables) -> np.ndarray:
        """Ranks exactly: int64 [Q, DEPTH], candidate rows, -1 where there are fewer."""
        queries = vectors_along(tables[self._task.query], self._queries)
        candidates = vectors_along(tables[self._task.candidate], self._candidates)
        source = vector_source(queries, candidates)
        rows, _ = source.search(np.arange(len(queries)), DEPTH, self._seen)
        return rows


def _tell(checks: Mapping[Region, RefitCheck]) -> None:
    for region, check in checks.items():
        if check.served == "judged":
            logger.warning("%s: the judged weights serve, not the refitted: %s", region, check.why)
