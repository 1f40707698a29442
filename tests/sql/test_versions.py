"""A change of a query changes results: the steps that run it need a new VERSION.

The profiles (``profile_*.sql``) are pinned with validate-source, whose suites judge them; they
make no row of a snapshot.
"""

import hashlib
from collections.abc import Callable

from graphrec_core.config import STEPS, StepName
from graphrec_core.engine.queries import SQL_FOLDER

CHECKS = ("check_", "known_rows", "node_ids")
PROFILES = ("profile_",)
GOLDEN = {
    # step: (its version, digest of its queries without comments)
    StepName.VALIDATE: (12, "e6b5769d9ff76c09"),
    StepName.SNAPSHOT: (15, "bb174ab61ff2ac0e"),
}


def digest(names: Callable[[str], bool]) -> str:
    text = ""
    for path in sorted(SQL_FOLDER.glob("*.sql")):
        if names(path.name):
            lines = path.read_text().splitlines()
            text += path.name + "\n".join(line for line in lines if not line.startswith("--"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_changed_queries_come_with_a_new_version() -> None:
    """If this fails: bump the step's version in config/steps.py, then pin both here."""
    validation = digest(lambda name: name.startswith((*CHECKS, *PROFILES)))
    snapshot = digest(lambda name: not name.startswith(PROFILES))
    assert {
        StepName.VALIDATE: (STEPS[StepName.VALIDATE].version, validation),
        StepName.SNAPSHOT: (STEPS[StepName.SNAPSHOT].version, snapshot),
    } == GOLDEN
