"""Attribute: the most popular of the kinds that the query met most."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from graphrec_core.axes.rows import rows_of
from graphrec_core.config.model import AttributeConfig
from graphrec_core.models.popularity import popularity_of
from graphrec_core.models.scorer import ScorerInputs

logger = logging.getLogger(__name__)


class Attribute:
    """A content-based profile over one categorical column, times popularity.

    The profile of a query is the share of each value among what it met (relative term frequency:
    Lops, de Gemmis and Semeraro, Recommender Systems Handbook 2011):

        s(q, c) = |{m in M_q: value(m) = value(c)}| / |M_q| * (1 + p(c))

    with M_q what q met that has a value, and p(c) the number of queries that met c, each counted
    by the age of its last event. A candidate without a value is not proposed.

    Args:
        config: Its settings.
    """

    def __init__(self, config: AttributeConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Counts the values of what each query met."""
        nodes = inputs.view.nodes([self.config.column])
        texts = nodes[self.config.column].cast(pa.string()).combine_chunks()
        values = pc.unique(texts.drop_null())
        of_nodes = np.append(rows_of(texts, values), -1)  # the last is that of an unknown node
        rows = rows_of(inputs.candidate_ids, nodes["node_id"].combine_chunks())
        self._values = of_nodes[rows]
        self._profiles = _profiles(inputs, nodes["node_id"], of_nodes, len(values))
        self._popularity = 1 + popularity_of(inputs, self.config.half_life_days)
        if (self._values < 0).all():
            logger.warning("attribute proposes nothing: no candidate has a %s", self.config.column)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns share times popularity, float32 [B, C]; -inf for values that it never met."""
        shares = self._profiles[query_rows].toarray()
        none = np.zeros((len(query_rows), 1))
        scores = np.hstack([shares, none])[:, self._values] * self._popularity
        scores[scores <= 0] = -np.inf
        return scores.astype(np.float32)


def _profiles(
    inputs: ScorerInputs, node_ids: pa.ChunkedArray, of_nodes: np.ndarray, num_values: int
) -> sp.csr_array:
    """Returns the shares of values, [Q, V]; rows sum to 1, or to 0 where nothing has a value."""
    queries = rows_of(inputs.pairs["src"], inputs.query_ids)
    values = of_nodes[rows_of(inputs.pairs["dst"], node_ids.combine_chunks())]
    known = (queries >= 0) & (values >= 0)
    ends, shape = (queries[known], values[known]), (len(inputs.query_ids), num_values)
    counts = sp.csr_array((np.ones(int(known.sum())), ends), shape=shape)
    total = counts.sum(axis=1)
    return sp.csr_array(sp.diags_array(1 / np.where(total > 0, total, 1)) @ counts)
