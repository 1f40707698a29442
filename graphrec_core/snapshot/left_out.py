"""What of a view stands in no region's graph: counted, so that nothing is lost silently."""

import logging
from collections.abc import Mapping

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Engine, Relation
from graphrec_core.intake.canonical import TableKind, TableName
from graphrec_core.lake.records import LeftOut
from graphrec_core.types import View

logger = logging.getLogger(__name__)


def count_known_nodes(engine: Engine, accepted: Mapping[TableName, Relation]) -> dict[str, int]:
    """Counts the nodes of each type of which anything was known in time for the run."""
    found = {}
    for name, rows in accepted.items():
        if name.kind is TableKind.NODES:
            counted = engine.query("select count(distinct node_id) as num from n", {"n": rows})
            found[name.name] = int(engine.collect(str(name), counted)["num"][0].as_py())
    return found


def warn_of_absent_nodes(view: View, left_out: LeftOut, num_known: Mapping[str, int]) -> None:
    """Warns where most of the known nodes of a type do not exist at a view's instant.

    Their events are no part of the view, which is right for nodes that are new, gone or known too
    late; of many it says that ``valid_from`` is not when a node's first version began.
    """
    for ntype, num in left_out.num_nodes.items():
        if 2 * num < num_known[ntype]:
            logger.warning(
                "%s view: only %d of %d nodes of %s exist at its instant, and events of the rest "
                "are left out: check valid_from and known_at in source.nodes",
                view, num, num_known[ntype], ntype,
            )  # fmt: skip


def may_leave_out(config: PipelineConfig, etype: str) -> bool:
    """Says whether edges of a type can be in no region: an end with a column is always in one."""
    rules = {config.region.home[ntype] for ntype in config.endpoints(etype)}
    return config.region.border == "drop" or "column" not in rules


def count_left_out(
    engine: Engine,
    config: PipelineConfig,
    view: View,
    homes: Mapping[str, Relation],
    pairs: Mapping[str, Relation],
) -> LeftOut:
    """Counts what is in no region, and warns of nodes that lie in no area.

    Args:
        engine: A running engine.
        config: The pipeline.
        view: The view.
        homes: Node type -> node_id, home_region of the view's nodes.
        pairs: Edge type -> the view's pairs, of the types that ``may_leave_out`` names at least.
    """
    num_nodes, num_homeless = _count_nodes(engine, config, homes)
    num_homeless_edges, num_dropped = {}, {}
    for etype in config.source.edges:
        found = _count_edges(engine, config, homes, etype, pairs)
        num_homeless_edges[etype] = found.pop("", 0)
        num_dropped[etype] = dict(sorted(found.items()))
    for ntype, num in num_homeless.items():
        if num and config.region.home[ntype] == "coordinates":
            logger.warning(
                "%s view: %d of %d nodes of %s lie in no area of region.areas: they have no home",
                view, num, num_nodes[ntype], ntype,
            )  # fmt: skip
    return LeftOut(num_nodes, num_homeless, num_homeless_edges, num_dropped)


def _count_nodes(
    engine: Engine, config: PipelineConfig, homes: Mapping[str, Relation]
) -> tuple[dict[str, int], dict[str, int]]:
    rows = [
        engine.project(relation, f"'{ntype}' as node_type, home_region")
        for ntype, relation in homes.items()
    ]
    counted = engine.run("homeless_nodes", {"all_homes": engine.union(rows)})
    found = {
        row["node_type"]: row for row in engine.collect("homeless nodes", counted).to_pylist()
    }
    nodes, homeless = (
        {ntype: int(found[ntype][name]) if ntype in found else 0 for ntype in homes}
        for name in ("num_nodes", "num_homeless")
    )
    rules = config.region.home
    return nodes, {n: num for n, num in homeless.items() if rules[n] != "everywhere"}


def _count_edges(
    engine: Engine,
    config: PipelineConfig,
    homes: Mapping[str, Relation],
    etype: str,
    pairs: Mapping[str, Relation],
) -> dict[str, int]:
    """Counts edges by the region that dropped them; those without a home are at ""."""
    if not may_leave_out(config, etype):
        return {}
    src, dst = config.endpoints(etype)
    reads = {"pairs": pairs[etype], "src_homes": homes[src], "dst_homes": homes[dst]}
    rows = engine.run("left_out_edges", reads, drop_border=config.region.border == "drop")
    return {
        row["region"] or "": int(row["num_edges"])
        for row in engine.collect("edges left out", rows).to_pylist()
    }
