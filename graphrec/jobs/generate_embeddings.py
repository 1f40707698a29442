"""generate-embeddings: what a region's sources say of one view: vectors, or a scorer's lists."""

from collections.abc import Sequence

from graphrec_core.day import Day
from graphrec_core.judging.of_source import produce_embedding
from graphrec_core.lake import Manifest
from graphrec_core.types import Region, View


def run(day: Day, region: Region, view: View, sources: Sequence[str]) -> dict[str, Manifest]:
    """Embeds one view by each source and returns the manifests by source."""
    return {name: produce_embedding(day, region, view, name).manifest for name in sources}
