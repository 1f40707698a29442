"""The three views and two holdouts of a day: taken over from earlier days, or computed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from graphrec_core.engine import Relation
from graphrec_core.intake.canonical import TableName
from graphrec_core.lake import Artifact
from graphrec_core.lake.records import LeftOut, SnapshotFigures
from graphrec_core.snapshot.holdout import write_holdout
from graphrec_core.snapshot.incremental import extend_view
from graphrec_core.snapshot.instants import view_instants
from graphrec_core.snapshot.reuse import ONE_DAY, Earlier
from graphrec_core.snapshot.view import ViewBuilder
from graphrec_core.types import Region, View

logger = logging.getLogger(__name__)


@dataclass
class DayViews:
    """Writes a day's views and holdouts; the rows are those of a full build.

    Args:
        builder: What builds views.
        known: The rows of every canonical table that were known in time, good and bad.
        as_of: The run's instant.
        earlier: Snapshots of earlier days to build on.

    Attributes:
        merged: Tiny region -> the region it became part of.
        left_out: View -> what of it is in no region.
    """

    builder: ViewBuilder
    known: Mapping[TableName, Relation]
    as_of: datetime
    earlier: Earlier
    merged: Mapping[Region, Region] = field(default_factory=dict)
    left_out: dict[View, LeftOut] = field(default_factory=dict)

    def write(self) -> pa.Table:
        """Writes them all, the train view first: its region map is that of every view.

        Returns:
            ``query_id`` of the holdout's pairs whose query had no home.
        """
        self._write_train()
        self._write_fit()
        self._write_fit_holdout()
        holdout = write_holdout(self.builder, self.as_of, View.TRAIN)
        self._write_serve()
        engine, text = self.builder.engine, "select query_id from h where region is null"
        return engine.collect("holdout", engine.query(text, {"h": holdout}))

    def _write_train(self) -> None:
        if self.earlier.cut is not None:
            self._take_over(View.TRAIN, self.earlier.cut, View.SERVE)
            return
        instants = view_instants(self.builder.config, self.as_of, View.TRAIN)
        self.merged, left_out = self.builder.build(View.TRAIN, instants)
        self._note(View.TRAIN, left_out)

    def _write_fit(self) -> None:
        if self.earlier.cut is not None:
            self._take_over(View.FIT, self.earlier.cut, View.TRAIN)
        elif self.earlier.fit_cut is not None:
            self._take_over(View.FIT, self.earlier.fit_cut, View.SERVE)
        else:
            self._build(View.FIT)

    def _write_fit_holdout(self) -> None:
        if self.earlier.cut is not None:
            self.builder.files.take_over_holdout(View.FIT, self.earlier.cut, View.TRAIN)
        else:
            write_holdout(self.builder, self.as_of, View.FIT)

    def _write_serve(self) -> None:
        config, before = self.builder.config, self.earlier.day_before
        if before is None:
            self._build(View.SERVE)
            return
        old = view_instants(config, self.as_of - ONE_DAY, View.SERVE)
        new = view_instants(config, self.as_of, View.SERVE)
        self.left_out[View.SERVE] = extend_view(self.builder, self.known, before, old, new)
        logger.info("serve view written on the snapshot of the day before")

    def _build(self, view: View) -> None:
        instants = view_instants(self.builder.config, self.as_of, view)
        merged, left_out = self.builder.build(view, instants, self.merged)
        if view is View.SERVE:
            self.merged = merged  # its new regions may be tiny, too
        self._note(view, left_out)

    def _note(self, view: View, left_out: LeftOut) -> None:
        self.left_out[view] = left_out
        logger.info("%s view written", view)

    def _take_over(self, view: View, snapshot: Artifact, other: View) -> None:
        self.builder.files.take_over_view(view, snapshot, other)
        self.left_out[view] = snapshot.manifest.figures(SnapshotFigures).left_out[other]
        whose = "cut" if snapshot is self.earlier.cut else "fit view's instant"
        logger.info("%s view taken over from the snapshot of the %s", view, whose)
