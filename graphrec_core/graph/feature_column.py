"""One feature column as bounded numbers: what fitting learns of it, and how values are encoded.

A value far from what fitting saw must not rule a node's vector: numbers are centred on their
median, divided by a scale that outliers do not move, and clipped to [-5, 5].
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.errors import SchemaError

MAX_CATEGORIES = 64
CLIP = 5.0
"""Greatest absolute value of an encoded number, in scales."""
SAME = 1e-9
"""Numbers that differ by less, as a share of the greatest, are one: rounding made the rest."""
Kind = Literal["numeric", "bool", "category", "tags", "degree", "recency"]


@dataclass(frozen=True)
class FeatureColumn:
    """How one column becomes numbers.

    Attributes:
        name: The column of the node table.
        kind: numeric, degree and recency are centred and scaled (1 wide); bool is 0 or 1 (1
            wide); category is one-hot and tags are multi-hot, one place per category.
        center: Subtracted (scaled kinds): the median.
        scale: Divides (scaled kinds): see ``robust_scale``.
        categories: The most frequent values first, ties by name.
        has_others: The last place is that of values beside ``categories``, which fitting saw.
    """

    name: str
    kind: Kind
    center: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] = field(default=())
    has_others: bool = False

    @property
    def width(self) -> int:
        """Numbers per node."""
        if self.kind in ("category", "tags"):
            return len(self.categories) + self.has_others
        return 1

    def encode_numbers(self, values: np.ndarray) -> np.ndarray:
        """Encodes numbers.

        Args:
            values: float64 [n]; NaN: unknown.

        Returns:
            float32 [n, 1] in [-5, 5]; what is unknown is 0, the median (of a bool: 0.5).
        """
        if self.kind == "bool":
            return np.where(np.isnan(values), 0.5, values).astype(np.float32)[:, None]
        scaled = np.clip((values - self.center) / self.scale, -CLIP, CLIP)
        return np.nan_to_num(scaled, nan=0.0).astype(np.float32)[:, None]

    def encode_texts(self, array: pa.ChunkedArray) -> np.ndarray:
        """Encodes texts, or lists of texts.

        Returns:
            float32 [n, width] of zeros and ones. A null has no one. A value that fitting did not
            see has the place of the others, or, where nobody had it in fitting, none.
        """
        if self.kind == "category":
            return self._places(array, np.arange(len(array)), len(array))
        # A null list flattens to nothing, so its parents are counted by length.
        lengths = np.array(pc.list_value_length(array).fill_null(0).to_numpy(), dtype=np.int64)
        parents = np.repeat(np.arange(len(array)), lengths)
        return self._places(pc.list_flatten(array), parents, len(array))

    def _places(self, values: pa.ChunkedArray, parents: np.ndarray, num_rows: int) -> np.ndarray:
        """Sets a one per (parent, value)."""
        result = np.zeros((num_rows, self.width), dtype=np.float32)
        values = values.cast(pa.string())
        known = pa.array(self.categories, pa.string())
        places = np.asarray(pc.index_in(values, value_set=known).fill_null(len(known)))
        is_placed = ~np.asarray(pc.is_null(values)) & (places < self.width)
        result[parents[is_placed], places[is_placed]] = 1.0
        return result


def kind_of(name: str, dtype: pa.DataType) -> Kind:
    """Says how a column of a node table is encoded.

    Raises:
        SchemaError: It is neither a number, a bool, a string nor a list of strings.
    """
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


def fit_numbers(name: str, kind: Kind, values: np.ndarray) -> FeatureColumn | None:
    """Learns the centre and the scale of numbers.

    Args:
        name: The column.
        kind: numeric, bool, degree or recency.
        values: float64 [n]; NaN: unknown.

    Returns:
        The column; None where all known values are one, up to rounding: it tells nodes nothing,
        and another value later would be measured by nothing.
    """
    known = values[~np.isnan(values)]
    if len(known) == 0 or np.ptp(known) <= SAME * np.abs(known).max():
        return None
    if kind == "bool":
        return FeatureColumn(name, kind)
    return FeatureColumn(name, kind, float(np.median(known)), robust_scale(known))


def robust_scale(values: np.ndarray) -> float:
    """Measures how far values spread, whatever a few of them are.

    The interquartile range over 1.349, its value for a normal distribution of deviation 1
    (Huber, Robust Statistics, 1981, ch. 5). Where half of the values are one, the mean absolute
    deviation from the median times 1.2533, for the same reason.

    Args:
        values: float64 [n], not all equal.

    Returns:
        Above 0.
    """
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    spread = float(high - low)
    if spread > SAME * max(abs(low), abs(high)):
        return spread / 1.349
    return 1.2533 * float(np.abs(values - middle).mean())


def fit_texts(name: str, kind: Kind, array: pa.ChunkedArray) -> FeatureColumn | None:
    """Learns the most frequent values of texts, or of lists of texts.

    Returns:
        The column; None where no node has a value, or all have the same.
    """
    values = pc.list_flatten(array) if kind == "tags" else array
    counts = pc.value_counts(values.drop_null().cast(pa.string())).to_pylist()
    if not counts or (len(counts) == 1 and counts[0]["counts"] == len(array)):
        return None
    ranked = sorted(counts, key=lambda row: (-row["counts"], row["values"]))
    top = tuple(row["values"] for row in ranked[:MAX_CATEGORIES])
    return FeatureColumn(name, kind, categories=top, has_others=len(ranked) > MAX_CATEGORIES)
