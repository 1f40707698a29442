"""One day's artefacts: their ids, folders and inputs, from the table of steps."""

from graphrec_core.day.day import Day, Ref
from graphrec_core.day.references import (
    evaluation_ref,
    model_of,
    recommender_id,
    released_before,
    score_ref,
)

__all__ = [
    "Day",
    "Ref",
    "evaluation_ref",
    "model_of",
    "recommender_id",
    "released_before",
    "score_ref",
]
