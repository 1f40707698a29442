"""Node features as numbers: fitted on the train view, applied to any view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from graphrec_core.errors import LakeError, SchemaError
from graphrec_core.graph.region_graph import RegionGraph

MAX_CATEGORIES = 64
DAY_US = 86_400_000_000
Kind = Literal["numeric", "bool", "category", "tags", "degree", "recency"]


@dataclass(frozen=True)
class Column:
    """How one column becomes numbers.

    Attributes:
        name: The column of the node table.
        kind: numeric, degree and recency are standardised (1 wide); bool is 0 or 1 (1 wide);
            category is one-hot and tags are multi-hot, one place per category and one for others.
        mean: Subtracted (standardised kinds).
        scale: Divides (standardised kinds).
        categories: Most frequent values first, ties by name.
    """

    name: str
    kind: Kind
    mean: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] = field(default=())

    @property
    def width(self) -> int:
        """Numbers per node."""
        return len(self.categories) + 1 if self.kind in ("category", "tags") else 1


@dataclass(frozen=True)
class FeatureEncoder:
    """The feature columns of every node type; labels and ids are never among them.

    Attributes:
        columns: ntype -> columns, in the order of the encoded matrix.
    """

    columns: Mapping[str, tuple[Column, ...]]

    @classmethod
    def fit(cls, graph: RegionGraph, names: Mapping[str, Sequence[str]]) -> "FeatureEncoder":
        """Learns means, scales and categories from a graph.

        Besides the named columns every node has two of the graph's own: ``log(1 + num_events)``
        and the days from its last event to the newest event of the view.

        Args:
            graph: The train view.
            names: ntype -> feature columns (``stats["features"]`` of the snapshot).

        Raises:
            SchemaError: A column is neither a number, a bool, a string nor a list of strings.
        """
        newest_us = _newest_us(graph)
        return cls(
            {
                ntype: (
                    *(_fit_column(table, name) for name in names.get(ntype, ())),
                    _standardised("num_events", "degree", _degree(table)),
                    _standardised("last_event_time", "recency", _recency(table, newest_us)),
                )
                for ntype, table in graph.nodes.items()
            }
        )

    def width(self, ntype: str) -> int:
        """Numbers per node of one type."""
        return sum(column.width for column in self.columns[ntype])

    def encode(self, graph: RegionGraph) -> dict[str, Tensor]:
        """Encodes the nodes of a graph.

        Returns:
            ntype -> float32 [nodes of that type, width], finite.

        Raises:
            LakeError: The graph lacks a node type or a column that the encoder was fitted on,
                or holds it as another kind.
        """
        newest_us = _newest_us(graph)
        return {
            ntype: torch.from_numpy(
                np.hstack([_encode(table, column, newest_us) for column in self._of(ntype, table)])
            )
            for ntype, table in graph.nodes.items()
        }

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Returns what ``from_json`` reads back."""
        return {
            ntype: [{**vars(column), "categories": list(column.categories)} for column in columns]
            for ntype, columns in self.columns.items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[Mapping[str, Any]]]) -> "FeatureEncoder":
        """Rebuilds an encoder from ``to_json``."""
        return cls(
            {
                ntype: tuple(
                    Column(**{**column, "categories": tuple(column["categories"])})
                    for column in columns
                )
                for ntype, columns in data.items()
            }
        )

    def _of(self, ntype: str, table: pa.Table) -> tuple[Column, ...]:
        columns = self.columns.get(ntype, ())
        missing = {column.name for column in columns} - set(table.column_names)
        if ntype not in self.columns or missing:
            raise LakeError(
                must=f"The model must know the features of the {ntype} nodes it is given.",
                found=f"columns missing from the snapshot: {sorted(missing)}"
                if missing
                else f"a model of {sorted(self.columns)}",
                fix="Train again on a snapshot of this configuration.",
            )
        for column in columns:
            _require_kind(column, table.column(column.name).type)
        return columns


def _require_kind(column: Column, dtype: pa.DataType) -> None:
    if column.kind not in ("degree", "recency") and _kind(column.name, dtype) != column.kind:
        raise LakeError(
            must=f"Column {column.name} must be of the kind that the model knows, {column.kind}.",
            found=f"type {dtype}",
            fix="Train again on a snapshot of this configuration.",
        )


def _newest_us(graph: RegionGraph) -> int:
    newest = [int(edge.last_event_us.max()) for edge in graph.edges.values() if len(edge)]
    return max(newest, default=0)


def _floats(array: pa.ChunkedArray) -> np.ndarray:
    """float64 [n]; null and NaN stay NaN."""
    values = array.cast(pa.float64(), safe=False).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def _degree(table: pa.Table) -> np.ndarray:
    return np.log1p(_floats(table.column("num_events")))


def _recency(table: pa.Table, newest_us: int) -> np.ndarray:
    times = table.column("last_event_time").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return (newest_us - _floats(times)) / DAY_US


def _standardised(name: str, kind: Kind, values: np.ndarray) -> Column:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Column(name, kind)
    return Column(name, kind, float(known.mean()), float(known.std()) or 1.0)


def _fit_column(table: pa.Table, name: str) -> Column:
    array = table.column(name)
    kind = _kind(name, array.type)
    if kind == "numeric":
        return _standardised(name, kind, _floats(array))
    if kind == "bool":
        return Column(name, kind)
    values = pc.list_flatten(array) if kind == "tags" else array
    counts = pc.value_counts(values.drop_null().cast(pa.string()))
    ranked = sorted(counts.to_pylist(), key=lambda row: (-row["counts"], row["values"]))
    return Column(name, kind, categories=tuple(row["values"] for row in ranked[:MAX_CATEGORIES]))


def _kind(name: str, dtype: pa.DataType) -> Kind:
    if pa.types.is_boolean(dtype):
        return "bool"
    if pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return "numeric"
    if pa.types.is_string(dtype) or pa.types.is_large_string(dtype):
        return "category"
    if pa.types.is_list(dtype) and pa.types.is_string(dtype.value_type):
        return "tags"
    raise SchemaError(
        must="A feature column must hold numbers, bools, strings or lists of strings.",
        found=f"column {name} of type {dtype}",
        fix="Cast it in the SELECT of its node type, or leave it out.",
    )


def _encode(table: pa.Table, column: Column, newest_us: int) -> np.ndarray:
    """Encodes one column as float32 [n, width]."""
    array = table.column(column.name)
    if column.kind == "category":
        return _one_hot(array, np.arange(len(array)), len(array), column)
    if column.kind == "tags":
        # A null list flattens to nothing, so its parents are counted by length.
        lengths = np.array(pc.list_value_length(array).fill_null(0).to_numpy(), dtype=np.int64)
        parents = np.repeat(np.arange(len(array)), lengths)
        return _one_hot(pc.list_flatten(array), parents, len(array), column)
    if column.kind == "degree":
        values = _degree(table)
    elif column.kind == "recency":
        values = _recency(table, newest_us)
    else:
        values = _floats(array)
    standardised = np.nan_to_num((values - column.mean) / column.scale, nan=0.0)
    return standardised.astype(np.float32)[:, None]


def _one_hot(
    values: pa.ChunkedArray, parents: np.ndarray, num_rows: int, column: Column
) -> np.ndarray:
    """Sets a one per (parent, value); values never seen in fitting share the last place."""
    result = np.zeros((num_rows, column.width), dtype=np.float32)
    known = pa.array(column.categories, pa.string())
    values = values.cast(pa.string())
    is_known = ~np.asarray(pc.is_null(values))
    places = pc.index_in(values, value_set=known).fill_null(len(column.categories))
    result[parents[is_known], np.asarray(places)[is_known]] = 1.0
    return result
