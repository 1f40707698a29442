"""What every scorer of the registry says of one small view of people, places and kinds.

``python -m tests.pinned.scorers`` pins the present scores; do so after a version was bumped.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from graphrec_core.config.recommenders import Recommender, baseline, models
from tests.models.test_every_scorer import scores_of, some_inputs

PINNED = Path(__file__).with_name("scorers.json")
NUM_ROWS = 3
SCORERS = {entry.name: entry for entry in models() if not entry.is_encoder}


def pin(entry: Recommender) -> dict[str, Any]:
    """Returns a scorer's version and the scores of the first queries; -1: no proposal."""
    found = scores_of(entry, some_inputs())[:NUM_ROWS].astype(float)
    scores = np.where(np.isneginf(found), -1, found)
    return {"version": baseline(entry.name, 0).version, "scores": scores.round(6).tolist()}


if __name__ == "__main__":
    text = json.dumps({name: pin(entry) for name, entry in SCORERS.items()}, indent=1)
    PINNED.write_text(text + "\n", encoding="utf-8")
