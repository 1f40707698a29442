"""What the suites over a snapshot said, stored once and replayed whenever it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphrec_core.errors import ExpectationError
from graphrec_core.lake.artifact import Artifact
from graphrec_core.lake.records import CheckFigures
from graphrec_core.types import Region

STOP_HINT = " With quality.on_broken_region=skip the regions that are not broken go on."


@dataclass(frozen=True)
class Verdict:
    """Which regions of a snapshot go on.

    Attributes:
        kept: Regions that go on, sorted.
        broken: Region -> what is wrong with it. One that vanished from the snapshot is broken too.
        notes: What was not judged, and why.
    """

    kept: tuple[Region, ...]
    broken: Mapping[Region, str]
    notes: tuple[str, ...]

    def refuse(self, on_broken_region: str, docs: str) -> None:
        """Refuses a snapshot of which nothing goes on.

        Args:
            on_broken_region: ``quality.on_broken_region``; with ``stop`` one broken region does.
            docs: URI of the pages that show it.

        Raises:
            ExpectationError: No region goes on.
        """
        if self.broken and (on_broken_region == "stop" or not self.kept):
            raise ExpectationError(
                must="Every region of the snapshot must be within the limits of `quality`."
                if on_broken_region == "stop"
                else "At least one region of the snapshot must be within the limits of `quality`.",
                found=describe_broken(self.broken),
                fix=f"Open {docs}/index.html; correct the source or change the limits in quality."
                + (STOP_HINT if self.kept else ""),
            )


def verdict_of(artifact: Artifact) -> Verdict:
    """Reads a verdict from its manifest."""
    figures = artifact.manifest.figures(CheckFigures)
    return Verdict(figures.kept_regions, figures.broken_regions, figures.notes)


def describe_broken(broken: Mapping[Region, str]) -> str:
    """Names the broken regions and what is wrong with them."""
    return " | ".join(f"{region}: {why}" for region, why in sorted(broken.items()))
