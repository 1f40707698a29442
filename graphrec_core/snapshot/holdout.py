"""A holdout: what query nodes did between a view's instant and the next view's."""

from datetime import datetime

from graphrec_core.engine import Relation
from graphrec_core.lake.layout import holdout_table
from graphrec_core.snapshot.instants import holdout_instants
from graphrec_core.snapshot.view import ViewBuilder
from graphrec_core.types import View


def write_holdout(builder: ViewBuilder, as_of: datetime, after: View) -> Relation:
    """Writes the holdout after a view that is written already.

    Args:
        builder: What built the view.
        as_of: The run's instant.
        after: The view; homes, candidates and what was seen are as it has them.

    Returns:
        All its pairs; those whose query had no home at the view's instant have no ``region`` and
        stand in no file.
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
    # Of the fit holdout only the files are read, so it need not be kept.
    holdout = engine.keep("holdout", holdout, is_read_once=after is View.FIT)
    placed = engine.filter(holdout, "region is not null")
    files.write(holdout_table(after), placed, ("query_id", "candidate_id"))
    return holdout
