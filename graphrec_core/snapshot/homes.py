"""The home region of every node of a view: by rule, then split, merged, and tiny ones merged."""

import logging
from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa

from graphrec_core.config import PipelineConfig
from graphrec_core.config.region import PLACED_RULES
from graphrec_core.engine import Engine, Relation
from graphrec_core.engine.queries import quoted
from graphrec_core.errors import SchemaError
from graphrec_core.intake.areas import Areas
from graphrec_core.types import Region

Names = Mapping[str, str] | Mapping[Region, Region]
"""Region -> the region that it becomes part of."""

logger = logging.getLogger(__name__)

NO_HOME = "node_id, cast(null as string) as home_region"


def home_regions(
    engine: Engine,
    config: PipelineConfig,
    areas: Areas | None,
    nodes: Mapping[str, Relation],
    pairs: Mapping[str, Relation],
) -> dict[str, Relation]:
    """Finds node type -> (node_id, home_region) of a view, before tiny regions are merged.

    Args:
        engine: A running engine.
        config: The pipeline.
        areas: The areas of types with the rule ``coordinates``.
        nodes: Node type -> the view's nodes.
        pairs: Edge type -> the view's pairs.

    Raises:
        SchemaError: ``region.split`` names a column that the nodes do not have as text.
    """
    rules = config.region.home
    _refuse_unknown_splits(engine, config, nodes)
    homes = {ntype: engine.project(relation, NO_HOME) for ntype, relation in nodes.items()}
    named = {
        ntype: _placed(engine, rule, areas, nodes[ntype])
        for ntype, rule in rules.items()
        if rule in PLACED_RULES
    }
    parts = {ntype: _split(engine, config, placed) for ntype, placed in named.items()}
    homes |= {ntype: _merged(engine, config, placed) for ntype, placed in parts.items()}
    _warn_of_unused_names(engine, "split", config.region.split, named.values())
    _warn_of_unused_names(engine, "merge", _new_names(config), parts.values())
    placed_types = {ntype: homes[ntype] for ntype, rule in rules.items() if rule in PLACED_RULES}
    for ntype, rule in rules.items():
        if rule == "from_events":
            homes[ntype] = _from_events(engine, config, ntype, nodes[ntype], placed_types, pairs)
    return {ntype: engine.keep("homes", relation) for ntype, relation in homes.items()}


def tiny_regions(
    engine: Engine, config: PipelineConfig, homes: Mapping[str, Relation]
) -> dict[Region, Region]:
    """Finds the regions that ``region.tiny`` merges: region -> the region it becomes part of."""
    rule = config.region.tiny
    if rule is None:
        return {}
    counted = rule.count or config.task.query
    rows = [
        engine.project(relation, f"home_region, {str(ntype == counted).lower()} as is_counted")
        for ntype, relation in homes.items()
    ]
    sizes = engine.collect("sizes", engine.run("region_sizes", {"all_homes": engine.union(rows)}))
    return {
        Region(row["home_region"]): Region(rule.into)
        for row in sorted(sizes.to_pylist(), key=lambda row: str(row["home_region"]))
        if row["num_nodes"] < rule.below and row["home_region"] != rule.into
    }


def rename_regions(
    engine: Engine, homes: Mapping[str, Relation], names: Mapping[Region, Region]
) -> dict[str, Relation]:
    """Gives homes the names of the regions that theirs became part of."""
    if not names:
        return dict(homes)
    return {
        ntype: engine.keep("homes", _renamed(engine, relation, names))
        for ntype, relation in homes.items()
    }


def _placed(engine: Engine, rule: str, areas: Areas | None, nodes: Relation) -> Relation:
    """Adds ``home_region`` to nodes whose home is in their own row."""
    if rule == "column" or areas is None:
        return engine.project(nodes, "*, region as home_region")
    points = engine.collect(
        "coordinates", engine.query("select distinct latitude, longitude from n", {"n": nodes})
    )
    found = areas.find(points["latitude"], points["longitude"])
    places = engine.from_arrow(points.append_column("home_region", found))
    return engine.query(
        "select n.*, places.home_region from n left join places "
        "on n.latitude = places.latitude and n.longitude = places.longitude",
        {"n": nodes, "places": places},
    )


def _split(engine: Engine, config: PipelineConfig, placed: Relation) -> Relation:
    columns, values = engine.schema(placed), {}
    home = "home_region"
    for number, (region, column) in enumerate(sorted(config.region.split.items())):
        if column in columns:
            values[f"region_{number}"] = region
            suffix = f"nullif({quoted(column)}, '')"
            part = f"coalesce(concat(home_region, '-', {suffix}), home_region)"
            home = f"case when home_region = :region_{number} then {part} else {home} end"
    return engine.query(
        f"select node_id, {home} as home_region from placed", {"placed": placed}, **values
    )


def _merged(engine: Engine, config: PipelineConfig, homes: Relation) -> Relation:
    names = _new_names(config)
    return _renamed(engine, homes, names) if names else homes


def _new_names(config: PipelineConfig) -> dict[str, str]:
    """Region -> the region that ``region.merge`` makes it part of."""
    return {old: new for new, olds in config.region.merge.items() for old in olds}


def _warn_of_unused_names(
    engine: Engine, rule: str, names: Collection[str], placed: Iterable[Relation]
) -> None:
    """Warns of regions in a rule that no node of the view has: most are misspelt."""
    if not names:
        return
    rows = engine.union([engine.project(relation, "home_region") for relation in placed])
    known = engine.collect("regions", engine.project(rows, "distinct home_region"))
    if unused := sorted(set(names) - set(known["home_region"].to_pylist())):
        logger.warning("region.%s names regions that no node has: %s", rule, ", ".join(unused))


def _renamed(
    engine: Engine, homes: Relation, names: Mapping[Region, Region] | Mapping[str, str]
) -> Relation:
    table = pa.table({"old_region": list(names), "new_region": list(names.values())})
    return engine.run(
        "renamed_homes", {"homes": homes, "merged_regions": engine.from_arrow(table)}
    )


def _from_events(
    engine: Engine,
    config: PipelineConfig,
    ntype: str,
    nodes: Relation,
    placed: Mapping[str, Relation],
    pairs: Mapping[str, Relation],
) -> Relation:
    """Finds homes from the regions of the other ends of a node's events."""
    seen = []
    for etype in config.source.edges:
        src, dst = config.endpoints(etype)
        for own, other, own_end, other_end in ((src, dst, "src", "dst"), (dst, src, "dst", "src")):
            if own == ntype and other in placed:
                text = (
                    f"select pairs.{own_end} as node_id, others.home_region as region, "
                    "pairs.num_events, pairs.last_event_time "
                    f"from pairs join others on pairs.{other_end} = others.node_id"
                )
                seen.append(engine.query(text, {"pairs": pairs[etype], "others": placed[other]}))
    found = engine.run("homes_from_events", {"pairs_in_regions": engine.union(seen)})
    return engine.query(
        "select nodes.node_id, found.region as home_region "
        "from nodes left join found on nodes.node_id = found.node_id",
        {"nodes": nodes, "found": found},
    )


def _refuse_unknown_splits(
    engine: Engine, config: PipelineConfig, nodes: Mapping[str, Relation]
) -> None:
    placed = [ntype for ntype, rule in config.region.home.items() if rule in PLACED_RULES]
    schemas = [engine.schema(nodes[ntype]) for ntype in placed]
    for region, column in config.region.split.items():
        kinds = {schema[column] for schema in schemas if column in schema}
        if kinds != {"string"}:
            raise SchemaError(
                must=f"region.split.{region} must name a text column of {' or '.join(placed)}.",
                found=f"`{column}`: {', '.join(sorted(kinds)) or 'no such column'}",
                fix="Select the column in source.nodes as text, for example "
                f"cast({column} as string) as {column}.",
            )
