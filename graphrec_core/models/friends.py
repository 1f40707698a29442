"""Friends: what the query's neighbours met, along this edge type or another one."""

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from graphrec_core.axes.cells import laid_along
from graphrec_core.axes.rows import id_array, task_pairs
from graphrec_core.config.model import FriendsConfig
from graphrec_core.models.scorer import ScorerInputs, extended, kept_of


class Friends:
    """Two steps over people: to the query's neighbours, and on to what they met.

    With N_q the neighbours of q along the edge type ``edge``, in either direction, w(q, z) the
    edge's weight or 1, and m(z, c) what z's meeting with c counts by the age of its last event:

        s(q, c) = sum over z in N_q of w(q, z) / W_q * a(z) * m(z, c),   W_q = sum of w(q, z)

    a(z) is 1, or with ``adamic_adar`` 1 / log |N_z|: who knows everybody says little (Adamic and
    Adar, Social Networks 2003). Without ``edge`` it is the task's own, between people, and then
    m too goes in either direction: friends of friends, by common neighbours (Liben-Nowell and
    Kleinberg, CIKM 2003).

    Args:
        config: Its settings.
    """

    def __init__(self, config: FriendsConfig) -> None:
        self.config = config

    def fit(self, inputs: ScorerInputs) -> None:
        """Finds the neighbours of everybody, and what they met."""
        own = not self.config.edge
        known = (
            inputs.pairs if own else task_pairs(inputs.view.edges(self.config.edge), peers=True)
        )
        pairs = inputs.pairs
        others = [known["src"], known["dst"], pairs["src"]]
        people = extended(inputs.query_ids, pa.concat_arrays([id_array(one) for one in others]))
        friends = self._friends(known, people)
        degrees = np.diff(friends.indptr)
        met = _matrix(pairs, people, inputs.candidate_ids, self._kept(inputs), either=own)
        if self.config.adamic_adar:
            met = sp.diags_array(1 / np.log(np.maximum(degrees, 2))) @ met
        total = friends.sum(axis=1)
        shares = sp.diags_array(1 / np.where(total > 0, total, 1)) @ friends
        self._friends_of = sp.csr_array(shares)[: len(inputs.query_ids)]
        self._met = sp.csr_array(met)

    def scores(self, query_rows: np.ndarray) -> np.ndarray:
        """Returns the two steps' weight, float32 [B, C]; -inf for what no neighbour met."""
        scores = (self._friends_of[query_rows] @ self._met).toarray().astype(np.float32)
        scores[scores <= 0] = -np.inf
        return scores

    def _friends(self, known: pa.Table, people: pa.Array) -> sp.csr_array:
        weights = known["weight"].to_numpy() if self.config.weighted else np.ones(known.num_rows)
        found = _matrix(known, people, people, weights, either=True)
        found.eliminate_zeros()
        return found

    def _kept(self, inputs: ScorerInputs) -> np.ndarray:
        return kept_of(inputs.ages(inputs.pairs), self.config.half_life_days)


def _matrix(
    pairs: pa.Table, rows: pa.Array, columns: pa.Array, values: np.ndarray, *, either: bool
) -> sp.csr_array:
    """Lays pairs along two axes, float64 [R, C]; in ``either`` direction: the greater counts."""
    found = sp.csr_array((len(rows), len(columns)))
    for one, other in (("src", "dst"), ("dst", "src"))[: 1 + either]:
        found = found.maximum(laid_along(pairs, (one, other), (rows, columns), values))
    return sp.csr_array(found)
