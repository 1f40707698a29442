"""generate-embeddings: vectors for every node of one view of a snapshot."""

from graphrec_core.day import Day
from graphrec_core.judging.region_vectors import produce_vectors
from graphrec_core.lake import Manifest
from graphrec_core.types import Region, View


def run(day: Day, region: Region, view: View) -> Manifest:
    """Embeds one view with the model that serves ``region``; returns the embedding's manifest."""
    return produce_vectors(day, region, view).manifest
