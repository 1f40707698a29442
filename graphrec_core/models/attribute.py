"""Attribute: the most popular of the kinds that the query met most."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from graphrec_core.axes.cells import matrix_of
from graphrec_core.axes.rows import rows_of
from graphrec_core.config.model import AttributeConfig
from graphrec_core.models.popularity import popularity_of
from graphrec_core.models.scorer import ScorerInputs


class Attribute:
    """A content-based profile over one categorical column, times popularity.

    The profile of a query is the share of each value among what it met (relative term frequency:
    Lops, de Gemmis and Semeraro, Recommender Systems Handbook 2011):

        s(q, c) = |{m in M_q: value(m) = value(c)}| / |M_q| * (1 + p(c))

    with M_q what q met that has a value, and p(c) the number of queries that met c, each counted
    by the age of its last event. A candidate without a value is not proposed; of a list, such as
    the genres of a film, each value counts by its part of the list.

    Args:
        config: Its settings.
    """

    def __init__(self, config: AttributeConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Counts the values of what each query met."""
        nodes = inputs.view.nodes([self.config.column])
        marks, ids = _marks(nodes[self.config.column]), nodes["node_id"].combine_chunks()
        # The last row of the marks is that of an unknown node: it has no value.
        self._candidates = marks[rows_of(inputs.candidate_ids, ids)].T.tocsr()
        queries = rows_of(inputs.pairs["src"], inputs.query_ids)
        met = rows_of(inputs.pairs["dst"], ids) % marks.shape[0]
        asked = queries >= 0
        shape = (len(inputs.query_ids), marks.shape[0])
        counts = matrix_of(queries[asked], met[asked], np.ones(int(asked.sum())), shape) @ marks
        total = counts.sum(axis=1)
        self._profiles = sp.csr_array(sp.diags_array(1 / np.where(total > 0, total, 1)) @ counts)
        self._popularity = 1 + popularity_of(inputs, self.config.half_life_days)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns share times popularity, float32 [B, C]; -inf for values that it never met."""
        scores = (self._profiles[query_rows] @ self._candidates).toarray() * self._popularity
        scores[scores <= 0] = -np.inf
        return scores.astype(np.float32)


def _marks(column: pa.ChunkedArray) -> sp.csr_array:
    """Says which values each node has, [N + 1, V]: they share its one, the last row has none."""
    values, rows = column.combine_chunks(), np.arange(len(column))
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        rows, values = np.asarray(pc.list_parent_indices(values)), pc.list_flatten(values)
    texts = values.cast(pa.string())
    known = np.asarray(texts.is_valid())
    rows, texts = rows[known], texts.filter(pa.array(known))
    distinct = pc.unique(texts)
    share = 1 / np.maximum(np.bincount(rows, minlength=len(column)), 1)
    shape = (len(column) + 1, len(distinct))
    return matrix_of(rows, rows_of(texts, distinct), share[rows], shape)
