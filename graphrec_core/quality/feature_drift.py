"""How far encoded features are from the train view to the serve view.

A model learns what features mean from the train view and reads them in the serve view. Between
the two lies the horizon, so a column that changed much is seldom the world: its unit changed, or
it arrives empty.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from graphrec_core.errors import ExpectationError
from graphrec_core.graph import FeatureEncoder, RegionGraph
from graphrec_core.graph.feature_column import FeatureColumn
from graphrec_core.graph.features import edge_table
from graphrec_core.quality.drift import stability_index

NUM_BINS = 10
NUM_SHOWN = 5


def feature_drift(
    features: FeatureEncoder, train: RegionGraph, serve: RegionGraph, min_count: int
) -> dict[str, float]:
    """Measures each column's population stability index (see ``stability_index``).

    Numbers are counted in the tenths of the train view; texts by value, those without one
    together. Features of edges are measured where the model reads them.

    Args:
        features: As fitted on the train view.
        train: The train view.
        serve: The serve view.
        min_count: Types of fewer nodes or edges in either view are left out.

    Returns:
        ``<ntype>.<column>`` or ``edges/<etype>.<column>`` -> at least 0, by name.
    """
    before, now = _encoded(features, train), _encoded(features, serve)
    drift = {}
    for table, columns in sorted(_tables(features).items()):
        if min(len(before[table]), len(now[table])) < min_count:
            continue
        for name, part in _parts(columns):
            old, new = _histograms(before[table][:, part], now[table][:, part])
            drift[f"{table}.{name}"] = stability_index(new, [old])
    return drift


def refuse_drift(drift: Mapping[str, float], limit: float) -> None:
    """Refuses features that changed too much.

    Args:
        drift: The result of ``feature_drift``.
        limit: ``quality.max_feature_drift``.

    Raises:
        ExpectationError: A column is above the limit.
    """
    found = sorted(((value, name) for name, value in drift.items() if value > limit), reverse=True)
    if found:
        shown = ", ".join(f"{name} {value:.2f}" for value, name in found[:NUM_SHOWN])
        more = f" and {len(found) - NUM_SHOWN} more" if len(found) > NUM_SHOWN else ""
        raise ExpectationError(
            must="Encoded features must be distributed in the serve view as in the train view: "
            f"a population stability index of at most {limit:g} (quality.max_feature_drift).",
            found=shown + more,
            fix="Look at these columns in the source: another unit, a default, values that no "
            "longer arrive? Where the change is right, raise the limit, or leave the column out.",
        )


def _tables(features: FeatureEncoder) -> dict[str, tuple[FeatureColumn, ...]]:
    of_edges = {edge_table(etype): columns for etype, columns in features.edges.items()}
    return {**features.columns, **of_edges}


def _encoded(features: FeatureEncoder, graph: RegionGraph) -> dict[str, torch.Tensor]:
    of_edges = features.encode_edges(graph).items()
    return {**features.encode(graph), **{edge_table(etype): rows for etype, rows in of_edges}}


def _parts(columns: Sequence[FeatureColumn]) -> Iterator[tuple[str, slice]]:
    start = 0
    for column in columns:
        yield column.name, slice(start, start + column.width)
        start += column.width


def _histograms(old: torch.Tensor, new: torch.Tensor) -> tuple[list[int], list[int]]:
    """Counts rows of two encoded columns, float32 [n, width], in the same bins."""
    if old.shape[1] > 1:
        return _by_place(old), _by_place(new)
    edges = np.unique(np.quantile(old.numpy(), np.linspace(0, 1, NUM_BINS + 1)))
    # An edge ends its bin, so that a frequent value does not share one with what is above it.
    places = (np.searchsorted(edges, part.numpy().ravel()) for part in (old, new))
    before, now = (np.bincount(place, minlength=len(edges) + 1).tolist() for place in places)
    return before, now


def _by_place(part: torch.Tensor) -> list[int]:
    return [*part.sum(0).long().tolist(), int((part.sum(1) == 0).sum())]
