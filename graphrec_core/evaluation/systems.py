"""Names of the systems of which the gate's rules speak; the registry has the scorers' names."""

MODEL = "model"
POPULARITY = "popularity"
"""What slices are held against."""
