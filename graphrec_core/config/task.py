"""What is recommended to whom, over which time, in which regions."""

from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator

from graphrec_core.config.base import MAX_DAYS, MAX_HOURS, Section
from graphrec_core.config.source import Name
from graphrec_core.types import ALL_REGIONS

TaskKind = Literal["recommend"]
"""What is to be predicted; each kind has its objective in training."""
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


class TaskConfig(Section):
    """What is recommended (candidate) to whom (query), learned from which edges."""

    kind: TaskKind = Field(
        "recommend", description="What is learned: to rank candidates for queries (recommend)."
    )
    query: Name = Field(description="Node type that receives recommendations.")
    candidate: Name = Field(description="Node type that is recommended.")
    edge: Name = Field(description="Edge type to predict, from query to candidate.")
    exclude_seen: bool = Field(
        True, description="Leave out candidates the query node interacted with before."
    )
    start_node: bool = Field(
        False,
        description="Add a query node per region, linked to everybody's first candidates; it "
        "answers for query nodes without history.",
    )

    @property
    def recommends_peers(self) -> bool:
        """Whether query nodes and candidates are of one node type, such as friends."""
        return self.query == self.candidate


class FreshnessConfig(Section):
    """Old events lose their place: a share of them is dropped each time they grow a bucket older.

    Which ones is decided by a hash of the event, so that a dropped event stays dropped and every
    build drops the same ones.
    """

    bucket_days: int = Field(30, gt=0, le=MAX_DAYS, description="Length of an age bucket in days.")
    drop_frac: float = Field(
        0.1, gt=0, lt=1, description="Share of the events dropped on entering the next bucket."
    )


class CalendarConfig(Section):
    """Days, seasons and holidays of events and nodes."""

    utc_offset_hours: float = Field(
        0, ge=-14, le=14, description="Local time less UTC; days begin at local midnight."
    )

    @property
    def utc_offset_us(self) -> int:
        """Local time less UTC, microseconds."""
        return timedelta(hours=self.utc_offset_hours) // timedelta(microseconds=1)


class TimeConfig(Section):
    """Lengths of the windows around an instant."""

    window_days: int = Field(
        365, gt=0, le=MAX_DAYS, description="A view holds the events of this many days."
    )
    horizon_days: int = Field(
        7, gt=0, le=MAX_DAYS, description="Days before as_of held out for evaluation."
    )
    active_days: int = Field(
        90,
        gt=0,
        le=MAX_DAYS,
        description="A node without an event for this many days is not a candidate.",
    )
    lateness_hours: float = Field(
        0,
        ge=0,
        le=MAX_HOURS,
        description="How long after an instant late rows still belong to its view.",
    )
    half_life_days: float = Field(
        0,
        ge=0,
        le=MAX_DAYS,
        description="An event this old weighs half in an edge's weight; 0: no decay.",
    )
    freshness: FreshnessConfig | None = Field(
        None, description="Drops a share of the old events; none: all of the window are used."
    )
    calendar: CalendarConfig | None = Field(
        None, description="Adds days of the week, seasons and holidays; none: there are none."
    )

    @field_validator("calendar", mode="before")
    @classmethod
    def _calendar_may_be_on_or_off(cls, value: object) -> object:
        if isinstance(value, bool):
            return {} if value else None
        return value

    @property
    def window(self) -> timedelta:
        """Length of a view."""
        return timedelta(days=self.window_days)

    @property
    def horizon(self) -> timedelta:
        """Length of the holdout."""
        return timedelta(days=self.horizon_days)

    @property
    def active(self) -> timedelta:
        """How recent a candidate's or query's last event must be."""
        return timedelta(days=self.active_days)

    @property
    def lateness(self) -> timedelta:
        """How long a view waits for late rows."""
        return timedelta(hours=self.lateness_hours)


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
        description="Node type -> column | coordinates | from_events | everywhere."
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


class SnapshotConfig(Section):
    """Where the snapshot is computed. Changes nothing in its rows."""

    engine: Literal["spark", "duckdb"] = Field("spark", description="Engine that runs the SQL.")
    reuse: bool = Field(
        True, description="Build on the snapshots of earlier days where their rows are unchanged."
    )
    memory: str = Field(
        "2g",
        pattern="^([1-9][0-9]{0,6}m|[1-9][0-9]{0,3}g)$",
        description="Memory of the engine, like 512m or 6g: the heap of Spark's driver, or "
        "DuckDB's limit.",
    )
    threads: int = Field(
        0, ge=0, le=1024, description="DuckDB: number of threads; 0: one per core."
    )
    spark_master: str = Field(
        "local[*]", description="Spark: URL of the master; empty: what spark-submit says."
    )
    shuffle_partitions: int = Field(
        4,
        gt=0,
        le=100_000,
        description="Spark: partitions of a shuffle; about one per million events.",
    )
    spark_settings: dict[str, str] = Field(
        {}, description="Spark: further settings, such as those of executors or of s3a."
    )
