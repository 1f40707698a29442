"""Suites over a built snapshot: its counts, degrees and borders beside those of the last days.

A region that breaks one is broken: it does not go on, and keeps what serves it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import great_expectations.expectations as gxe
import pandas as pd

from graphrec_core.config import StepName
from graphrec_core.config.quality import QualityConfig
from graphrec_core.day import Day
from graphrec_core.lake import Artifact
from graphrec_core.lake.records import CheckFigures, RegionFigures, SnapshotFigures
from graphrec_core.ledger.verdict import Verdict, describe_broken, verdict_of
from graphrec_core.quality.data_docs import write_data_docs
from graphrec_core.quality.history import PastDay, last_days
from graphrec_core.quality.snapshot_frames import (
    KEYS,
    count_frame,
    degree_frame,
    halo_frame,
    without_history,
)
from graphrec_core.quality.suite import Suite, SuiteResult, between, run_suites
from graphrec_core.types import Region

logger = logging.getLogger(__name__)

NOTABLE_HALO_FRAC = 0.9
"""Share of edges across a border above which a type without a limit is pointed out."""


def check_snapshot(day: Day, snapshot: Artifact) -> Artifact:
    """Judges a snapshot against the last days and stores the verdict, or finds the stored one.

    Which days there are is looked up once. The verdict stores their ids, and whoever asks later
    gets the same verdict, whatever was backfilled since.

    Args:
        day: The day.
        snapshot: Its committed snapshot.

    Returns:
        The verdict, with ``CheckFigures``.

    Raises:
        ExpectationError: No region may go on (``quality.on_broken_region``); the verdict and the
            pages are written before.
    """
    day = day.of_snapshot(snapshot.manifest)
    docs = day.lake.layout.snapshot_docs(day.as_of)
    figures = snapshot.manifest.figures(SnapshotFigures)
    done = day.produce(day.ref(StepName.CHECK), lambda _: _judge(day, figures, docs))
    verdict = verdict_of(done)
    _tell(verdict)
    verdict.refuse(day.config.quality.on_broken_region, day.lake.storage.uri(docs))
    return done


def judge_figures(
    config: QualityConfig,
    halo_limits: Mapping[str, float],
    regions: Mapping[Region, RegionFigures],
    days: Sequence[PastDay],
) -> list[Suite]:
    """Writes the suites of a snapshot: for counts, for degrees, and for each limited border.

    Args:
        config: The limits.
        halo_limits: Edge type -> greatest share of a region's edges that may cross its border.
        regions: Region -> its figures.
        days: The last days.
    """
    change, drift = config.max_count_change_frac, config.max_degree_drift
    halos = halo_frame(regions, config)
    borders = [
        _suite(
            f"borders_{etype}",
            halos[halos["what"] == etype],
            between(
                f"At most {limit:.0%} of a region's {etype} edges cross its border.",
                "halo_frac", 0, limit,
            ),
        )
        for etype, limit in sorted(halo_limits.items())
    ]  # fmt: skip
    return [
        _suite(
            "counts",
            count_frame(regions, days, config),
            between(
                f"Every count is less than {min(change, 1):.0%} below the least and less than "
                f"{change:.0%} above the most of the last {len(days)} days.",
                "change_frac", -min(change, 1), change, strictly=True,  # -1: it is gone
            ),
        ),
        _suite(
            "degrees",
            degree_frame(regions, days, config),
            between(
                f"Degrees are distributed as on the last {len(days)} days: "
                f"the population stability index is at most {drift:g}.",
                "drift", 0, drift,
            ),
        ),
        *borders,
    ]  # fmt: skip


def broken_regions(results: Sequence[SuiteResult]) -> dict[Region, str]:
    """Says what is wrong with each region that breaks an expectation."""
    broken: dict[Region, list[str]] = {}
    for result in results:
        for failure in result.failures:
            keys = failure.keys
            why = f"{keys['part']} {keys['what']}: {failure.words} Found: {failure.found}"
            broken.setdefault(Region(keys["region"]), []).append(why)
    return {region: "; ".join(reasons) for region, reasons in sorted(broken.items())}


def _judge(day: Day, snapshot: SnapshotFigures, docs: str) -> CheckFigures:
    config, regions = day.config.quality, snapshot.regions
    limits = day.config.halo_limits()
    days = [_comparable(past, snapshot.merged_regions) for past in last_days(day)]
    suites = judge_figures(config, limits, regions, days)
    results = run_suites(suites)
    title = f"{day.config.pipeline}: the snapshot"
    write_data_docs(results, title, day.as_of, day.lake.storage, docs)
    logger.info("Data Docs: %s/index.html", day.lake.storage.uri(docs))
    broken = broken_regions(results)
    return CheckFigures(
        kept_regions=tuple(sorted(set(regions) - set(broken))),
        broken_regions=broken,
        history={past.as_of: past.snapshot_id for past in days},
        notes=(
            *_notes(without_history(regions, days, config), config),
            *halo_notes(config, limits, regions),
        ),
    )


def _suite(name: str, rows: pd.DataFrame, *expectations: gxe.Expectation) -> Suite:
    return Suite(f"snapshot_{name}", rows, KEYS, expectations)


def _comparable(day: PastDay, merged: Mapping[Region, Region]) -> PastDay:
    """Leaves out what ``region.tiny`` changed between a day and today.

    Those are the regions that are part of another one today, which are not gone, and the ones
    that take other regions today than then, whose counts do not mean the same.
    """
    takers = {new for _, new in set(merged.items()) ^ set(day.merged.items())}
    kept = {
        name: figures
        for name, figures in day.regions.items()
        if name not in merged and name not in takers
    }
    return replace(day, regions=kept)


def halo_notes(
    config: QualityConfig, limits: Mapping[str, float], regions: Mapping[Region, RegionFigures]
) -> list[str]:
    """Says which edge types without a limit hardly have an edge inside a region, and what to do.

    Friendships cross borders by nature, and break no region; a wrong rule for homes shows alike.
    """
    halos = halo_frame(regions, config)
    wide = halos[~halos["what"].isin(limits) & (halos["halo_frac"] > NOTABLE_HALO_FRAC)]
    return [
        f"Up to {rows['halo_frac'].max():.0%} of the {etype} edges of "
        f"{', '.join(sorted(set(rows['region'])))} cross a border. Where that is not their "
        f"nature, check the rules in `region`; quality.max_halo_frac: {{{etype}: "
        f"{NOTABLE_HALO_FRAC:g}}} makes such regions broken, border: drop leaves the edges out."
        for etype, rows in wide.groupby("what")
    ]


def _notes(unknown: Sequence[Region], config: QualityConfig) -> list[str]:
    if not unknown:
        return []
    return [
        f"Counts and degrees of {', '.join(unknown)} were not compared: fewer than "
        f"{config.min_history} of the last {config.history_days} days have a snapshot of them."
    ]


def _tell(verdict: Verdict) -> None:
    for note in verdict.notes:
        logger.warning("%s", note)
    if verdict.broken:
        logger.warning("broken regions: %s", describe_broken(verdict.broken))
