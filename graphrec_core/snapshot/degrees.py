"""The degrees of a view's nodes as a histogram small enough for a manifest."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphrec_core.types import Role


def degree_histogram(nodes: pa.Table) -> list[int]:
    """Counts the home nodes of one region and type by degree: the events they took part in.

    Args:
        nodes: ``role`` and ``num_events`` of a view's node file.

    Returns:
        Bin 0: nodes without an event; bin b > 0: degrees in [2^(b-1), 2^b). It ends with the last
        bin that holds a node; empty where there is none.
    """
    homes = nodes.filter(pc.not_equal(nodes["role"], Role.HALO.value))
    degrees = np.asarray(pc.fill_null(homes["num_events"], 0), dtype=np.int64)
    bins = np.frexp(degrees.astype(np.float64))[1]  # d = m * 2^e with m in [1/2, 1); e(0) = 0
    counts: list[int] = np.bincount(bins).tolist()
    return counts
