"""build-snapshot: the day's as-of graph by region, audited and compared with the last days."""

from typing import Any

from graphrec_core.day import Day
from graphrec_core.engine.ahead import load_ahead
from graphrec_core.engine.sessions import one_session
from graphrec_core.errors import ConfigError
from graphrec_core.ledger.revisions import Acceptance
from graphrec_core.ledger.verdict import verdict_of
from graphrec_core.snapshot.daily import produce_earlier_snapshots, produce_snapshot
from graphrec_core.snapshot.rebuild import rebuild_snapshot


def run(
    day: Day, acceptance: Acceptance | None = None, *, rebuild: bool = False
) -> dict[str, Any]:
    """Builds the snapshot unless it is there, or compares the source with it.

    Returns:
        Id, regions that go on and, after ``rebuild``, what became of the day's history.

    Raises:
        ExpectationError: No region may go on.
    """
    load_ahead(day.config, "graphrec_core.quality.snapshot_suites")
    history: dict[str, str] = {}
    with one_session():
        produce_earlier_snapshots(day)
        if rebuild:
            snapshot, history["history"] = rebuild_snapshot(day, acceptance)
        else:
            snapshot = produce_snapshot(day)
    from graphrec_core.quality.snapshot_suites import check_snapshot  # noqa: PLC0415  (ahead)

    verdict = verdict_of(check_snapshot(day, snapshot))
    return {
        "step": snapshot.manifest.step,
        "id": snapshot.manifest.id,
        "regions": list(verdict.kept),
        "broken_regions": dict(verdict.broken),
        **history,
    }


def acceptance(by: str, reason: str, *, rebuild: bool, accept: bool) -> Acceptance | None:
    """Takes what says whether, by whom and why a changed history is accepted.

    Raises:
        ConfigError: Something that goes together is missing.
    """
    if accept and not (rebuild and by.strip() and reason.strip()):
        raise ConfigError(
            must="A changed history is accepted with --rebuild --accept --by NAME --reason TEXT: "
            "who and why is recorded.",
            found=f"{'' if rebuild else 'no '}--rebuild, --by {by!r}, --reason {reason!r}",
            fix="Run --rebuild alone first, to see what changed.",
        )
    if not accept and (by or reason):
        raise ConfigError(
            must="--by and --reason say who accepts a changed history, and why.",
            found="no --accept",
            fix="Add --rebuild --accept, or leave them out.",
        )
    return Acceptance(by=by, why=reason) if accept else None
