"""A holdout: what query nodes did between a view's instant and the next view's."""

from datetime import datetime

import pyarrow as pa

from graphrec_core.engine import Relation
from graphrec_core.lake.layout import holdout_table
from graphrec_core.snapshot.instants import holdout_instants
from graphrec_core.snapshot.view import ViewBuilder
from graphrec_core.types import View


def write_holdout(builder: ViewBuilder, as_of: datetime, after: View) -> pa.Table:
    """Writes the holdout after a view that is written already.

    Args:
        builder: What built the view.
        as_of: The run's instant.
        after: The view; homes, candidates and what was seen are as it has them.

    Returns:
        ``query_id`` of the pairs whose query had no home at the view's instant.
    """
    engine, task, files = builder.engine, builder.config.task, builder.files
    events = builder.events(task.edge, holdout_instants(builder.config, as_of, after))
    holdout = engine.run(
        "holdout_by_region",
        {
            "holdout_events": events,
            "view_queries": files.relation(f"view={after}/nodes/{task.query}"),
            "view_edges": files.relation(f"view={after}/edges/{task.edge}"),
            "view_candidates": files.relation(f"view={after}/nodes/{task.candidate}"),
        },
    )
    if builder.calendar is not None:
        holdout = _with_calendar(builder, holdout, events, after)
    holdout = engine.keep("holdout", holdout)
    placed = engine.filter(holdout, "region is not null")
    files.write(holdout_table(after), placed, ("query_id", "candidate_id"))
    homeless = engine.query("select query_id from h where region is null", {"h": holdout})
    return engine.collect("holdout", homeless)


def _with_calendar(
    builder: ViewBuilder, holdout: Relation, events: Relation, after: View
) -> Relation:
    """Adds where the events lay; homes and latitudes as the view has them.

    Nodes of every home are listed once.
    """
    task, calendar = builder.config.task, builder.calendar
    places = [
        builder.engine.project(
            builder.files.relation(f"view={after}/nodes/{ntype}"),
            "distinct node_id, home_region, latitude",
        )
        for ntype in (task.query, task.candidate)
    ]
    return holdout if calendar is None else calendar.holdout(holdout, events, *places)
