"""Which snapshots of earlier days a build may stand on: those whose history is unchanged.

A view depends on its instant alone, so the train view of a day is the serve view of the snapshot
of its cut; the fit view and the fit holdout are that snapshot's train view and holdout, or else
the fit view is the serve view of the snapshot of its own instant; and the serve view differs from
that of the day before by the pairs that changed. All of that holds only while the rows that were
known then are the same rows now, which digests show.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graphrec_core.config import PipelineConfig, StepName
from graphrec_core.day import Day
from graphrec_core.lake import Artifact
from graphrec_core.lake.records import Digests, SnapshotFigures
from graphrec_core.types import parse_instant

logger = logging.getLogger(__name__)

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Earlier:
    """Snapshots of earlier days; None where there is none to build on.

    Attributes:
        cut: The snapshot whose as_of is this day's cut.
        day_before: The snapshot of the day before.
        fit_cut: The snapshot whose as_of is the fit view's instant; looked for where there is none
            of the cut.
    """

    cut: Artifact | None = None
    day_before: Artifact | None = None
    fit_cut: Artifact | None = None

    @property
    def all(self) -> tuple[Artifact | None, ...]:
        """The snapshots in the order of the fields."""
        return self.cut, self.day_before, self.fit_cut


def earlier_snapshots(config: PipelineConfig, as_of: datetime) -> Earlier:
    """Finds the snapshots that this day's build may stand on, if their history is unchanged.

    With ``region.tiny`` there is none, since a view then depends on another one too; with a half
    life the day before is no help, since the weights of all edges change every day.
    """
    if not config.snapshot.reuse or config.region.tiny is not None:
        return Earlier()
    cut = _find(config, as_of - config.time.horizon)
    fit_cut = _find(config, as_of - 2 * config.time.horizon) if cut is None else None
    has_decay = config.time.half_life_days > 0
    return Earlier(cut, None if has_decay else _find(config, as_of - ONE_DAY), fit_cut)


def cutoffs(config: PipelineConfig, earlier: Earlier) -> list[datetime]:
    """Returns the cutoffs of what was known to these snapshots, in the order of the fields."""
    return [
        parse_instant(found.manifest.as_of) + config.time.lateness
        for found in earlier.all
        if found is not None
    ]


def with_equal_history(earlier: Earlier, label: str, digests: Sequence[Digests]) -> Earlier:
    """Keeps the snapshots whose rows have the digests that they had then.

    Args:
        earlier: The snapshots found.
        label: The engine that made ``digests``.
        digests: What was known at each of their cutoffs, as the source has it today.
    """
    rest = iter(digests)
    kept = [
        found if found is not None and _is_unchanged(found, label, next(rest)) else None
        for found in earlier.all
    ]
    return Earlier(*kept)


def _find(config: PipelineConfig, as_of: datetime) -> Artifact | None:
    day = Day(config, as_of)
    return day.find(day.ref(StepName.SNAPSHOT))


def _is_unchanged(found: Artifact, label: str, digests: Digests) -> bool:
    figures = found.manifest.figures(SnapshotFigures)
    if figures.digest_engine != label:
        logger.info("snapshot %s is another engine's: it is not built on", found.manifest.id)
        return False
    changed = sorted(
        name for name, digest in digests.items() if figures.row_digests.get(name) != digest
    )
    if changed:
        logger.warning(
            "history changed since snapshot %s of %s was built: %s; it is not built on",
            found.manifest.id, found.manifest.as_of, ", ".join(changed),
        )  # fmt: skip
    return not changed
