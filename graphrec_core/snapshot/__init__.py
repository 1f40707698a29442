"""Snapshots: the as-of, region-partitioned views of a graph, written and audited."""

from graphrec_core.snapshot.audit import audit
from graphrec_core.snapshot.build import build_snapshot
from graphrec_core.snapshot.daily import produce_snapshot
from graphrec_core.snapshot.rebuild import rebuild_snapshot

__all__ = ["audit", "build_snapshot", "produce_snapshot", "rebuild_snapshot"]
