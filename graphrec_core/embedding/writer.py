"""Writes vectors where the layout wants them."""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from graphrec_core.lake import Attempt
from graphrec_core.lake.layout import vectors_file
from graphrec_core.lake.records.origin import VectorOrigin
from graphrec_core.types import Region, View


def write_vectors(
    trial: Attempt, view: View, tables: Mapping[Region, Mapping[str, pa.Table]]
) -> VectorOrigin:
    """Writes one file per region and node type.

    Args:
        trial: The attempt to write into.
        view: The view that was embedded.
        tables: What ``embed_view`` returned.

    Returns:
        What the vectors themselves say they were computed from, for the manifest.
    """
    origins: dict[VectorOrigin, None] = {}
    for region, by_ntype in tables.items():
        for ntype, table in by_ntype.items():
            trial.write_table(vectors_file(view, region, ntype), table)
            origins[VectorOrigin.stamped(table)] = None
    trained_on = " and ".join(sorted({origin.trained_on for origin in origins}))
    (origin,) = {replace(origin, trained_on=trained_on) for origin in origins}
    return origin
