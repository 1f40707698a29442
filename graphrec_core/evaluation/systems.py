"""Names of the systems of which the gate's rules speak; the registry has the scorers' names."""

MODEL = "model"
"""The whole recommender."""
POPULARITY = "popularity"
"""What slices are held against."""
SOURCE_PREFIX = "source_"


def source_system(name: str) -> str:
    """Names a source that is measured beside the whole recommender; no other system starts so."""
    return SOURCE_PREFIX + name
