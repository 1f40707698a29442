"""In which regions nodes have their homes, and what happens to edges across a border."""

from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from graphrec_core.config.base import Section
from graphrec_core.config.source import Name
from graphrec_core.types import ALL_REGIONS

HomeRule = Literal["column", "coordinates", "from_events", "everywhere"]
"""How a node type finds its home: its `region` column, its latitude and longitude, its own
events, or no home at all."""
PLACED_RULES: frozenset[HomeRule] = frozenset({"column", "coordinates"})
"""Rules that find a node's home without events, so that others may find theirs from it."""
RESERVED_REGIONS = frozenset({ALL_REGIONS, "__HIVE_DEFAULT_PARTITION__"})
"""Names that mean something else in the lake or to an engine: no region may have one."""


def check_region_name(value: object) -> str:
    """Returns ``value`` if it may name a region; any text but a reserved one may.

    Raises:
        ValueError: It is not text, is blank, or is reserved.
    """
    if not isinstance(value, str):
        raise ValueError(
            f"a region's name must be text, not {value!r}: write it in quotes, since YAML reads "
            "no as false and 8 as a number"
        )
    if not value.strip():
        raise ValueError("a region's name must not be empty")
    if value in RESERVED_REGIONS:
        raise ValueError(f"{value!r} is a reserved name and cannot name a region")
    return value


RegionName = Annotated[str, BeforeValidator(check_region_name)]


class AreasConfig(Section):
    """The areas that coordinates fall into: polygons with names, or cells of the H3 grid."""

    polygons: str = Field(
        "",
        description="GeoJSON FeatureCollection of Polygons and MultiPolygons, relative to "
        "source.root, or a URI.",
    )
    name: str = Field("", description="Property of a feature that is its region's name.")
    cells: int | None = Field(
        None,
        ge=0,
        le=15,
        description="H3 resolution, 0 (4 million km2 a cell) to 15 (1 m2); a cell is a region.",
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if bool(self.polygons) == (self.cells is not None):
            raise ValueError("give exactly one of `polygons` and `cells`")
        if bool(self.polygons) != bool(self.name):
            raise ValueError("`polygons` and `name` (the property with the name) go together")
        return self


class TinyConfig(Section):
    """What happens to regions that are too small to have a model of their own."""

    below: int = Field(
        gt=0, description="Regions with fewer home nodes of the type `count` are tiny."
    )
    count: Name | Literal[""] = Field("", description="Node type to count; empty: task.query.")
    into: RegionName = Field(
        description="Region that takes the tiny ones, existing or new; never tiny itself."
    )


class RegionConfig(Section):
    """How nodes find their regions and what happens to edges across a border.

    In YAML the node types stand beside the other keys: ``region: {user: from_events,
    place: column, border: halo}``. A name is made in this order: home rule, ``split``, ``merge``,
    ``tiny``; each works on the names that the one before it left.
    """

    border: Literal["halo", "drop"] = Field(
        "halo", description="Edges across a border: keep with the foreign end as halo, or drop."
    )
    home: dict[Name, HomeRule] = Field(
        description="Node type -> rule that finds its home; in YAML without `home`, beside the "
        "other keys: region: {user: from_events, place: column}."
    )
    areas: AreasConfig | None = Field(
        None, description="Regions for the rule coordinates: polygons or cells."
    )
    split: dict[RegionName, Annotated[str, Field(min_length=1)]] = Field(
        {},
        description="Region -> column of its nodes: us with the value ca becomes us-ca; a node "
        "without a value stays in us.",
    )
    merge: dict[RegionName, Annotated[list[RegionName], Field(min_length=1)]] = Field(
        {}, description="Region -> regions that become part of it; it may exist or be new."
    )
    tiny: TinyConfig | None = Field(
        None, description="Rule that merges tiny regions; none: they are kept."
    )

    @model_validator(mode="before")
    @classmethod
    def _node_types_stand_beside_the_keys(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        own = {key: value for key, value in data.items() if key in cls.model_fields}
        if not isinstance(own.get("home", {}), dict):
            raise ValueError("home must be a mapping of node types to rules")
        home = {key: value for key, value in data.items() if key not in cls.model_fields}
        for key, value in home.items():
            if value not in get_args(HomeRule):
                raise ValueError(
                    f"{key!r} must be one of the keys {', '.join(sorted(cls.model_fields))}, or a "
                    f"node type whose home is one of {', '.join(get_args(HomeRule))}; "
                    f"found {value!r}"
                )
        return {**own, "home": {**own.get("home", {}), **home}}

    @model_validator(mode="after")
    def _areas_go_with_coordinates(self) -> Self:
        located = sorted(ntype for ntype, rule in self.home.items() if rule == "coordinates")
        if located and self.areas is None:
            raise ValueError(
                f"{', '.join(located)}: coordinates needs `areas`, for example "
                "areas: {cells: 3} or areas: {polygons: areas.geojson, name: NAME}"
            )
        if self.areas is not None and not located:
            raise ValueError("`areas` needs a node type with the rule coordinates")
        return self

    @model_validator(mode="after")
    def _every_region_merges_once(self) -> Self:
        taker: dict[str, str] = {}
        for new, olds in self.merge.items():
            for old in olds:
                if old in taker:
                    raise ValueError(f"merge names {old!r} twice: in {taker[old]!r} and {new!r}")
                taker[old] = new
        for new in self.merge:
            if taker.get(new, new) != new:
                raise ValueError(
                    f"merge puts {new!r} into {taker[new]!r} and others into {new!r}: "
                    f"put them all into {taker[new]!r}"
                )
        return self
