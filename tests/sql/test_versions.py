"""A change of a query changes results: the steps that run it need a new VERSION."""

import hashlib

from graphrec_core.config import STEPS, StepName
from graphrec_core.engine.queries import SQL_FOLDER

CHECKS = ("check_", "known_rows")
GOLDEN = {
    # step: (its version, digest of its queries without comments)
    StepName.VALIDATE: (2, "cb4fcba083ce8096"),
    StepName.SNAPSHOT: (2, "a9e9ea9223155cd6"),
}


def digest(*, only_checks: bool) -> str:
    text = ""
    for path in sorted(SQL_FOLDER.glob("*.sql")):
        if path.name.startswith(CHECKS) or not only_checks:
            lines = path.read_text().splitlines()
            text += path.name + "\n".join(line for line in lines if not line.startswith("--"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_changed_queries_come_with_a_new_version() -> None:
    """If this fails: bump the step's version in config/steps.py, then pin both here."""
    assert {
        StepName.VALIDATE: (STEPS[StepName.VALIDATE].version, digest(only_checks=True)),
        StepName.SNAPSHOT: (STEPS[StepName.SNAPSHOT].version, digest(only_checks=False)),
    } == GOLDEN
