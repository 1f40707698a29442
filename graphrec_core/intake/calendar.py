"""Calendar columns: the days of the week, the seasons and the holidays of events and nodes.

An event's day is that of its time plus ``time.calendar.utc_offset_hours``. A day of the week is 1
on Monday and 7 on Sunday; seasons are meteorological, in the hemisphere of the event's dst, else
of its src, else the northern one. A holiday of a region is one of events whose dst has its home
there, or else whose src has; its name is the one that split, merge and tiny left.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.errors import SchemaError
from graphrec_core.intake.canonical import fit_holidays
from graphrec_core.lake.records import TableDigest
from graphrec_core.types import Region

logger = logging.getLogger(__name__)

WHERE = "source.holidays"
NO_HOLIDAYS = pa.table({"day": pa.array([], pa.date32()), "region": pa.array([], pa.string())})


@dataclass(frozen=True)
class Calendar:
    """Adds calendar columns to edges, nodes and the holdout.

    Attributes:
        engine: A running engine.
        offset_us: Local time less UTC, microseconds.
        holidays: day, region (null: everywhere).
    """

    engine: Engine
    offset_us: int
    holidays: Relation

    def edges(
        self, edges: Relation, events: Relation, src_places: Relation, dst_places: Relation
    ) -> Relation:
        """Adds to edges how many of their events lay where, and where the last one did.

        Args:
            edges: Edges by region.
            events: The events that they stand for, and maybe others.
            src_places: ``node_id, home_region, latitude`` of the view's nodes at one end.
            dst_places: Those at the other end.
        """
        pairs = self._pairs(events, src_places, dst_places)
        return self.engine.run("calendar_edges", {"region_edges": edges, "calendar_pairs": pairs})

    def holdout(
        self, holdout: Relation, events: Relation, src_places: Relation, dst_places: Relation
    ) -> Relation:
        """Adds to the holdout's pairs where the first of their events lay."""
        pairs = self._pairs(events, src_places, dst_places)
        reads = {"holdout_pairs": holdout, "calendar_pairs": pairs}
        return self.engine.run("calendar_holdout", reads)

    def nodes(self, nodes: Relation, ends: Sequence[tuple[Relation, bool]]) -> Relation:
        """Adds to nodes the shares of their events: doubles in [0, 1].

        Args:
            nodes: The nodes of a view and type.
            ends: Written edges that have the type at an end, and whether that end is src.
        """
        counted = [
            self.engine.run("calendar_ends", {"region_edges": edges}, is_src=is_src)
            for edges, is_src in ends
        ]
        reads = {"view_nodes": nodes, "calendar_ends": self.engine.union(counted)}
        return self.engine.run("calendar_nodes", reads)

    def warn_of_nobodys(self, regions: Collection[Region]) -> None:
        """Warns of holidays in regions that a snapshot does not have.

        Args:
            regions: Its regions, as split, merge and tiny left them.
        """
        text = "select distinct region from holidays where region is not null"
        named = self.engine.collect(WHERE, self.engine.query(text, {"holidays": self.holidays}))
        if nobodys := sorted(set(named["region"].to_pylist()) - set(regions)):
            logger.warning(
                "%s names regions that the snapshot does not have: %s. A region's name is the one "
                "that region.split, merge and tiny give it", WHERE, ", ".join(nobodys),
            )  # fmt: skip

    def digests(self, cutoffs: Sequence[datetime]) -> list[TableDigest]:
        """Returns num_rows and digest of the holidays, then of those before each cutoff."""
        # A holiday matters to an instant from its first moment on: it is `known_at` then.
        begun = _with_start(self.engine, self.holidays, self.offset_us)
        printed = self.engine.fingerprint(begun, cutoffs)
        (row,) = self.engine.collect(WHERE, printed).to_pylist()
        suffixes = ("", *(f"_{number}" for number in range(len(cutoffs))))
        return [
            TableDigest(digest=row[f"digest{suffix}"], num_rows=row[f"num_rows{suffix}"])
            for suffix in suffixes
        ]

    def _pairs(self, events: Relation, src_places: Relation, dst_places: Relation) -> Relation:
        reads = {
            "window_events": events,
            "src_places": src_places,
            "dst_places": dst_places,
            "holidays": self.holidays,
        }
        dated = self.engine.run("calendar_events", reads, offset_us=self.offset_us)
        return self.engine.run("calendar_pairs", {"calendar_events": dated})


def open_calendar(engine: Engine, config: PipelineConfig, as_of: datetime) -> Calendar | None:
    """Reads the holidays that have begun by the run's cutoff; None where ``time.calendar`` is off.

    Args:
        engine: A running engine that knows the source's tables.
        config: The pipeline.
        as_of: The run's instant.

    Raises:
        SchemaError: The SELECT does not yield days, or yields one that is null.
    """
    settings = config.time.calendar
    if settings is None:
        return None
    if not config.source.holidays:
        return Calendar(engine, settings.utc_offset_us, engine.from_arrow(NO_HOLIDAYS))
    selected = engine.select(WHERE, config.source.holidays)
    fitted = engine.project(selected, fit_holidays(engine.schema(selected)))
    days = engine.keep(WHERE, fitted)
    _refuse_no_day(engine, days)
    begun, cutoff = _with_start(engine, days, settings.utc_offset_us), as_of + config.time.lateness
    text = "select distinct day, region from begun where known_at < :cutoff"
    holidays = engine.keep(WHERE, engine.query(text, {"begun": begun}, cutoff=cutoff))
    return Calendar(engine, settings.utc_offset_us, holidays)


def _with_start(engine: Engine, days: Relation, offset_us: int) -> Relation:
    start = "unix_micros(cast(day as timestamp)) - :offset_us"
    text = f"select *, timestamp_micros({start}) as known_at from days"
    return engine.query(text, {"days": days}, offset_us=offset_us)


def _refuse_no_day(engine: Engine, days: Relation) -> None:
    text = "select count(*) - count(day) as num_nulls from days"
    (row,) = engine.collect(WHERE, engine.query(text, {"days": days})).to_pylist()
    if row["num_nulls"]:
        raise SchemaError(
            must="Every row of source.holidays must have a day.",
            found=f"{row['num_nulls']} rows without one",
            fix="Leave them out in the SELECT, or correct the table of holidays.",
        )
