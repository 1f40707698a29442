"""Vectors for every node of a view: layer-wise over the full graph."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from graphrec_core.axes.rows import vector_column
from graphrec_core.embedding.checkpoint import LoadedModel, load_model
from graphrec_core.errors import LakeError, RefusedError
from graphrec_core.graph import RegionGraph, load_graph
from graphrec_core.lake import Artifact
from graphrec_core.lake.records.origin import VectorOrigin
from graphrec_core.models.encoder import DEFAULT_BLOCK_SIZE, choose_device
from graphrec_core.types import ALL_REGIONS, Region, View


def embed_view(
    snapshot: Artifact,
    view: View,
    region: Region,
    model: Artifact,
    block_size: int = DEFAULT_BLOCK_SIZE,
    *,
    trained_on: View = View.TRAIN,
    graph: RegionGraph | None = None,
) -> dict[Region, dict[str, pa.Table]]:
    """Encodes all nodes of a view, halo included.

    Args:
        snapshot: Any day's snapshot; nodes that the model does not know start at zero.
        view: Which view.
        region: A region, or ``ALL_REGIONS`` for all of them.
        model: A committed model.
        block_size: Nodes computed at a time.
        trained_on: Take the weights that were trained on this view.
        graph: What ``view_graph`` returns for these; None: it is loaded.

    Returns:
        region -> ntype -> table (node_id string, vector fixed_size_list<float32>), sorted by
        node_id, stamped with its origin.

    Raises:
        LakeError: The model was trained on other node types or features.
        RefusedError: A vector is not finite.
    """
    loaded = load_model(model, trained_on)
    if graph is None:
        graph = view_graph(snapshot, view, region, model)
    _check_ntypes(loaded, graph, model)
    h_ND = encode_graph(loaded, graph, block_size)
    _check_finite(h_ND, graph, model)
    wanted = graph.regions if region == ALL_REGIONS else (region,)
    origin = VectorOrigin(snapshot.manifest.id, view, model.manifest.id, loaded.trained_on)
    return {name: _tables(h_ND, graph, name, origin) for name in wanted}


def view_graph(snapshot: Artifact, view: View, region: Region, model: Artifact) -> RegionGraph:
    """Loads the graph that a model encodes.

    A global model always sees the union of all regions, whichever region is asked for.

    Args:
        snapshot: Any day's snapshot.
        view: Which view.
        region: A region, or ``ALL_REGIONS`` for all of them.
        model: A committed model.

    Raises:
        LakeError: The snapshot holds no such region.
    """
    scope = ALL_REGIONS if model.manifest.region == ALL_REGIONS else region
    return load_graph(snapshot, view, scope)


def encode_graph(model: LoadedModel, graph: RegionGraph, block_size: int) -> Tensor:
    """Encodes all nodes of a graph.

    Args:
        model: A loaded model.
        graph: Any view's graph.
        block_size: Nodes computed at a time.

    Returns:
        float32 [num_nodes, D], on the CPU.
    """
    torch.set_num_threads(model.num_threads)
    device = choose_device(model.device)
    encoder = model.encoder.to(device).eval()
    with torch.no_grad():
        return encoder.encode(model.inputs_of(graph, device), block_size).cpu()


def count_nodes(
    tables: Mapping[Region, Mapping[str, pa.Table]], model: Artifact
) -> dict[str, dict[str, int]]:
    """Counts embedded nodes, each once, and those that have no trained row.

    Returns:
        ``{"num_nodes": {ntype: n}, "num_without_trained_row": {ntype: n}}``.
    """
    ids: dict[str, list[pa.Array]] = {}
    rowless: dict[str, list[pa.Array]] = {}
    used = set(map(_trained_on, tables.values()))
    rows = {view: load_model(model, view).rows for view in used}
    for part in tables.values():
        for ntype, table in part.items():
            known = rows[_trained_on(part)][ntype].column("node_id")
            found = table.column("node_id")
            ids.setdefault(ntype, []).append(found)
            has_none = pc.invert(pc.is_in(found, value_set=known))
            rowless.setdefault(ntype, []).append(found.filter(has_none))
    return {"num_nodes": _num_unique(ids), "num_without_trained_row": _num_unique(rowless)}


def _trained_on(tables: Mapping[str, pa.Table]) -> View:
    """Reads which weights made the vectors of a region."""
    (view,) = {VectorOrigin.stamped(table).trained_on for table in tables.values()}
    return View(view)


def _num_unique(ids: Mapping[str, list[pa.ChunkedArray]]) -> dict[str, int]:
    """Counts ids that several regions may hold, each once."""

    def joined(parts: list[pa.ChunkedArray]) -> pa.ChunkedArray:
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.string())

    return {ntype: len(pc.unique(joined(parts))) for ntype, parts in ids.items()}


def _check_ntypes(loaded: LoadedModel, graph: RegionGraph, model: Artifact) -> None:
    if set(loaded.rows) != set(graph.ntypes):
        raise LakeError(
            must=f"Model {model.manifest.id} must know the node types of the snapshot.",
            found=f"the model knows {sorted(loaded.rows)}, the snapshot {sorted(graph.ntypes)}",
            fix="Train a model with this configuration first.",
        )


def _check_finite(h_ND: Tensor, graph: RegionGraph, model: Artifact) -> None:
    for ntype in graph.ntypes:
        is_finite = torch.isfinite(h_ND[graph.slice_of(ntype)]).all(dim=1)
        if not is_finite.all():
            bad = int((~is_finite).sum())
            example = graph.node_ids(ntype)[int((~is_finite).nonzero()[0])].as_py()
            raise RefusedError(
                must=f"Every vector of model {model.manifest.id} must be finite.",
                found=f"{bad} of {len(is_finite)} {ntype} vectors are not, such as {example!r}",
                fix="Train again with a lower training.learning_rate, and look for absurd "
                "values in numeric features.",
            )


def _tables(
    h_ND: Tensor, graph: RegionGraph, region: Region, origin: VectorOrigin
) -> dict[str, pa.Table]:
    return {
        ntype: origin.stamp(_table(h_ND[members], graph, ntype, members))
        for ntype, members in graph.members[region].items()
    }


def _table(h_MD: Tensor, graph: RegionGraph, ntype: str, members: Tensor) -> pa.Table:
    ids = graph.node_ids(ntype).take(pa.array((members - graph.offsets[ntype]).numpy()))
    return pa.table({"node_id": ids, "vector": vector_column(h_MD.numpy())})
