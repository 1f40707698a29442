"""Features of nodes and edges as numbers: fitted on one view, applied to any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from graphrec_core.errors import LakeError
from graphrec_core.graph.feature_column import FeatureColumn, fit_numbers, fit_texts, kind_of
from graphrec_core.graph.region_graph import RegionGraph
from graphrec_core.types import DAY_US

DEGREE, RECENCY = "num_events", "last_event_time"
EDGES = "edges/"


@dataclass(frozen=True)
class FeatureEncoder:
    """The feature columns of every node type; labels and ids are never among them.

    Attributes:
        columns: ntype -> columns, in the order of the encoded matrix.
        dropped: ntype, or ``edges/<etype>`` -> columns that are constant on the graph that was
            fitted, and left out.
        edges: etype -> columns of its edges; without those that the model does not read.
    """

    columns: Mapping[str, tuple[FeatureColumn, ...]]
    dropped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    edges: Mapping[str, tuple[FeatureColumn, ...]] = field(default_factory=dict)

    @classmethod
    def fit(
        cls, graph: RegionGraph, names: Mapping[str, Sequence[str]], *, edges: bool = False
    ) -> "FeatureEncoder":
        """Learns medians, scales and categories from a graph.

        Besides the named columns every node has two of the graph's own: ``log(1 + num_events)``
        and the days from its last event to the newest event of the view.

        Args:
            graph: A view, as a rule the train view.
            names: ntype -> feature columns (``features`` of the snapshot's schema).
            edges: Whether the features of edges are read, too.

        Raises:
            SchemaError: A column is neither a number, a bool, a string nor a list of strings.
        """
        newest_us = _newest_us(graph)
        fitted = {
            ntype: {
                **{name: _fit_column(table, name) for name in names.get(ntype, ())},
                DEGREE: fit_numbers(DEGREE, "degree", _degree(table)),
                RECENCY: fit_numbers(RECENCY, "recency", _recency(table, newest_us)),
            }
            for ntype, table in graph.nodes.items()
        }
        of_edges = {
            etype: {
                name: fit_numbers(name, "numeric", values.numpy())
                for name, values in own.features.items()
            }
            for etype, own in graph.edges.items()
            if edges and own.features
        }
        tables = {**fitted, **{edge_table(etype): found for etype, found in of_edges.items()}}
        return cls(
            _kept(fitted),
            {
                table: gone
                for table, columns in tables.items()
                if (gone := tuple(name for name, column in columns.items() if column is None))
            },
            _kept(of_edges),
        )

    def width(self, ntype: str) -> int:
        """Numbers per node of one type."""
        return sum(column.width for column in self.columns[ntype])

    @property
    def edge_width(self) -> int:
        """Numbers per edge, of all types together."""
        return sum(column.width for columns in self.edges.values() for column in columns)

    def encode(self, graph: RegionGraph) -> dict[str, Tensor]:
        """Encodes the nodes of a graph.

        Returns:
            ntype -> float32 [nodes of that type, width], finite, in [-5, 5].

        Raises:
            LakeError: The graph lacks a node type or a column that the encoder was fitted on,
                or holds it as another kind.
        """
        newest_us = _newest_us(graph)
        return {
            ntype: torch.from_numpy(
                np.hstack(
                    [
                        np.zeros((table.num_rows, 0), dtype=np.float32),
                        *(_encode(table, column, newest_us) for column in self._of(ntype, table)),
                    ]
                )
            )
            for ntype, table in graph.nodes.items()
        }

    def encode_edges(self, graph: RegionGraph) -> dict[str, Tensor]:
        """Encodes the edges of a graph.

        Returns:
            etype -> float32 [edges of that type, width], finite, in [-5, 5]; what is unknown is
            0, the median.

        Raises:
            LakeError: The graph lacks an edge type or a column that the encoder was fitted on.
        """
        return {
            etype: torch.from_numpy(
                np.hstack(
                    [
                        np.zeros((len(graph.edges[etype]), 0), dtype=np.float32),
                        *(
                            column.encode_numbers(graph.edges[etype].features[column.name].numpy())
                            for column in self._of_edges(etype, graph)
                        ),
                    ]
                )
            )
            for etype in self.edges
        }

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Returns what ``from_json`` reads back; tables of edges are named ``edges/<etype>``."""
        tables = {**self.columns, **{edge_table(name): own for name, own in self.edges.items()}}
        return {
            name: [{**vars(column), "categories": list(column.categories)} for column in columns]
            for name, columns in tables.items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[Mapping[str, Any]]]) -> "FeatureEncoder":
        """Rebuilds an encoder from ``to_json``; what was dropped is not part of that.

        Raises:
            LakeError: Another version of graphrec wrote it.
        """
        try:
            tables = {
                name: tuple(
                    FeatureColumn(**{**column, "categories": tuple(column["categories"])})
                    for column in columns
                )
                for name, columns in data.items()
            }
            return cls(
                {name: own for name, own in tables.items() if not name.startswith(EDGES)},
                edges={
                    name.removeprefix(EDGES): own
                    for name, own in tables.items()
                    if name.startswith(EDGES)
                },
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise LakeError(
                must="A model's features must be written as this version of graphrec does.",
                found=str(error),
                fix="Train the model again.",
            ) from error

    def _of_edges(self, etype: str, graph: RegionGraph) -> tuple[FeatureColumn, ...]:
        columns, edges = self.edges[etype], graph.edges.get(etype)
        found = edges.features if edges is not None else {}
        if missing := {column.name for column in columns} - set(found):
            raise LakeError(
                must=f"The model must know the features of the {etype} edges it is given.",
                found=f"columns missing from the snapshot: {sorted(missing)}",
                fix="Train again on a snapshot of this configuration.",
            )
        return columns

    def _of(self, ntype: str, table: pa.Table) -> tuple[FeatureColumn, ...]:
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


def edge_table(etype: str) -> str:
    """Names an edge type's table among those of nodes, which are named by their type alone."""
    return f"{EDGES}{etype}"


def _kept(
    tables: Mapping[str, Mapping[str, FeatureColumn | None]],
) -> dict[str, tuple[FeatureColumn, ...]]:
    return {name: tuple(filter(None, columns.values())) for name, columns in tables.items()}


def _require_kind(column: FeatureColumn, dtype: pa.DataType) -> None:
    if column.kind not in ("degree", "recency") and kind_of(column.name, dtype) != column.kind:
        raise LakeError(
            must=f"Column {column.name} must be of the kind that the model knows, {column.kind}.",
            found=f"type {dtype}",
            fix="Train again on a snapshot of this configuration.",
        )


def _newest_us(graph: RegionGraph) -> int:
    """Finds the view's newest event; that of a node that is everywhere may be in other regions."""
    newest = [pc.max(_event_us(table)).as_py() for table in graph.nodes.values()]
    return max((time for time in newest if time is not None), default=0)


def _event_us(table: pa.Table) -> pa.ChunkedArray:
    return table.column(RECENCY).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())


def _floats(array: pa.ChunkedArray) -> np.ndarray:
    """float64 [n]; NaN where a value is null, NaN or infinite."""
    values = array.cast(pa.float64(), safe=False).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def _degree(table: pa.Table) -> np.ndarray:
    return np.log1p(_floats(table.column(DEGREE)))


def _recency(table: pa.Table, newest_us: int) -> np.ndarray:
    return (newest_us - _floats(_event_us(table))) / DAY_US


def _fit_column(table: pa.Table, name: str) -> FeatureColumn | None:
    array = table.column(name)
    kind = kind_of(name, array.type)
    if kind in ("category", "tags"):
        return fit_texts(name, kind, array)
    return fit_numbers(name, kind, _floats(array))


def _encode(table: pa.Table, column: FeatureColumn, newest_us: int) -> np.ndarray:
    """Encodes one column as float32 [n, width]."""
    array = table.column(column.name)
    if column.kind in ("category", "tags"):
        return column.encode_texts(array)
    if column.kind == "degree":
        return column.encode_numbers(_degree(table))
    if column.kind == "recency":
        return column.encode_numbers(_recency(table, newest_us))
    return column.encode_numbers(_floats(array))
