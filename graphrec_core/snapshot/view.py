"""One view: nodes with homes, edges by region, nodes by region. One function makes both views."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphrec_core.config import PipelineConfig
from graphrec_core.engine import Relation, SparkEngine
from graphrec_core.snapshot.instants import Instants
from graphrec_core.sources.canonical import TableKind, TableName

NO_TIME = "cast(null as timestamp)"


@dataclass(frozen=True)
class ViewTables:
    """The relations of one view, by type.

    Attributes:
        homes: Node type -> (node_id, home_region), one row per node of the view.
        nodes: Node type -> nodes by region.
        edges: Edge type -> edges by region.
        events: Edge type -> the view's events.
    """

    homes: Mapping[str, Relation]
    nodes: Mapping[str, Relation]
    edges: Mapping[str, Relation]
    events: Mapping[str, Relation]


def build_view(
    engine: SparkEngine,
    config: PipelineConfig,
    accepted: Mapping[TableName, Relation],
    instants: Instants,
) -> ViewTables:
    """Computes one view from the accepted rows."""
    nodes = {
        ntype: _nodes_as_of(engine, accepted, ntype, instants) for ntype in config.source.nodes
    }
    events = {
        etype: engine.keep("events", events_as_of(engine, accepted, etype, instants))
        for etype in config.source.edges
    }
    homes = _homes(engine, config, nodes, events)
    edges = {
        etype: engine.keep("edges", _edges_by_region(engine, config, etype, events[etype], homes))
        for etype in config.source.edges
    }
    by_region = {
        ntype: _nodes_by_region(engine, config, ntype, nodes, homes, events, edges, instants)
        for ntype in config.source.nodes
    }
    return ViewTables(homes, by_region, edges, events)


def events_as_of(
    engine: SparkEngine, accepted: Mapping[TableName, Relation], etype: str, instants: Instants
) -> Relation:
    """Returns the events of a window as they were known."""
    engine.register("event_rows", accepted[TableName(TableKind.EDGES, etype)])
    return engine.run(
        "events_as_of",
        window_start=instants.start,
        window_end=instants.end,
        known_before=instants.known_before,
    )


def _nodes_as_of(
    engine: SparkEngine, accepted: Mapping[TableName, Relation], ntype: str, instants: Instants
) -> Relation:
    bounds = {"instant": instants.end, "known_before": instants.known_before}
    engine.register("node_versions", accepted[TableName(TableKind.NODES, ntype)])
    nodes = engine.run("nodes_as_of", **bounds)
    timed = accepted.get(TableName(TableKind.FEATURES, ntype))
    if timed is None:
        return engine.project(
            nodes, f"*, {NO_TIME} as features_effective_at, {NO_TIME} as features_known_at"
        )
    engine.register("feature_rows", timed)
    return nodes.join(engine.run("features_as_of", **bounds), "node_id", "left")


def _homes(
    engine: SparkEngine,
    config: PipelineConfig,
    nodes: Mapping[str, Relation],
    events: Mapping[str, Relation],
) -> dict[str, Relation]:
    rules = config.region.home
    homes = {
        ntype: engine.project(
            relation,
            "node_id, region as home_region"
            if rules[ntype] == "column"
            else "node_id, cast(null as string) as home_region",
        )
        for ntype, relation in nodes.items()
    }
    fixed = {ntype: homes[ntype] for ntype, rule in rules.items() if rule == "column"}
    for ntype, rule in rules.items():
        if rule == "from_events":
            homes[ntype] = _homes_from_events(engine, config, ntype, nodes[ntype], fixed, events)
    return {ntype: engine.keep("homes", relation) for ntype, relation in homes.items()}


def _homes_from_events(
    engine: SparkEngine,
    config: PipelineConfig,
    ntype: str,
    nodes: Relation,
    fixed: Mapping[str, Relation],
    events: Mapping[str, Relation],
) -> Relation:
    """Finds homes from the regions of the other ends of a node's events."""
    seen: list[Relation] = []
    for etype in config.source.edges:
        src, dst = config.endpoints(etype)
        for own, other, own_end, other_end in ((src, dst, "src", "dst"), (dst, src, "dst", "src")):
            if own == ntype and other in fixed:
                ends = engine.project(
                    events[etype], f"{own_end} as node_id, {other_end} as other_id, event_time"
                )
                regions = engine.project(
                    fixed[other], "node_id as other_id, home_region as region"
                )
                seen.append(
                    engine.project(ends.join(regions, "other_id"), "node_id, region, event_time")
                )
    engine.register("events_in_regions", engine.union(seen))
    found = engine.project(engine.run("homes_from_events"), "node_id, region as home_region")
    return nodes.select("node_id").join(found, "node_id", "left")


def _edges_by_region(
    engine: SparkEngine,
    config: PipelineConfig,
    etype: str,
    events: Relation,
    homes: Mapping[str, Relation],
) -> Relation:
    src, dst = config.endpoints(etype)
    engine.register("view_events", events)
    engine.register("src_homes", homes[src])
    engine.register("dst_homes", homes[dst])
    return engine.run("edges_by_region", drop_border=config.region.border == "drop")


def _nodes_by_region(
    engine: SparkEngine,
    config: PipelineConfig,
    ntype: str,
    nodes: Mapping[str, Relation],
    homes: Mapping[str, Relation],
    events: Mapping[str, Relation],
    edges: Mapping[str, Relation],
    instants: Instants,
) -> Relation:
    ends: list[Relation] = []
    activity: list[Relation] = []
    for etype in config.source.edges:
        for own, end in zip(config.endpoints(etype), ("src", "dst"), strict=True):
            if own == ntype:
                ends.append(engine.project(edges[etype], f"region, {end} as node_id"))
                activity.append(engine.project(events[etype], f"{end} as node_id, event_time"))
    engine.register("view_nodes", nodes[ntype].drop("region").join(homes[ntype], "node_id"))
    engine.register("edge_ends", engine.union(ends))
    engine.register("node_events", engine.union(activity))
    engine.register("node_activity", engine.run("node_activity"))
    return engine.run(
        "nodes_by_region",
        is_everywhere=config.region.home[ntype] == "everywhere",
        is_candidate=ntype == config.task.candidate,
        active_from=instants.active_from,
    )
