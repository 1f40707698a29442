"""What is recommended to whom, over which time, in which regions."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from graphrec_core.config.base import Section
from graphrec_core.config.source import Name

HomeRule = Literal["column", "from_events", "everywhere"]
"""How a node type finds its home: its `region` column, its own events, or no home at all."""


class TaskConfig(Section):
    """What is recommended (candidate) to whom (query), learned from which edges."""

    query: Name = Field(description="Node type that receives recommendations.")
    candidate: Name = Field(description="Node type that is recommended.")
    edge: Name = Field(description="Edge type to predict, from query to candidate.")
    exclude_seen: bool = Field(
        True, description="Leave out candidates the query node interacted with before."
    )


class TimeConfig(Section):
    """Lengths of the windows around an instant."""

    window_days: int = Field(365, gt=0, description="A view holds the events of this many days.")
    horizon_days: int = Field(7, gt=0, description="Days before as_of held out for evaluation.")
    active_days: int = Field(
        90, gt=0, description="A node without an event for this many days is not a candidate."
    )
    lateness_hours: float = Field(
        0, ge=0, description="How long after an instant late rows still belong to its view."
    )

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


class RegionConfig(Section):
    """How nodes find their regions and what happens to edges across a border.

    In YAML the node types stand beside the other keys: ``region: {user: from_events,
    place: column, border: halo}``.
    """

    border: Literal["halo", "drop"] = Field(
        "halo", description="Edges across a border: keep with the foreign end as halo, or drop."
    )
    home: dict[Name, HomeRule] = Field(
        description="Node type -> column | from_events | everywhere."
    )

    @model_validator(mode="before")
    @classmethod
    def _node_types_stand_beside_the_keys(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        own = {key: value for key, value in data.items() if key in cls.model_fields}
        home = {key: value for key, value in data.items() if key not in cls.model_fields}
        return {**own, "home": {**own.get("home", {}), **home}}


class SnapshotConfig(Section):
    """Where the snapshot is computed. Changes nothing in its rows."""

    engine: Literal["spark"] = Field("spark", description="Engine that runs the SQL.")
    spark_master: str = Field("local[*]", description="Spark master URL.")
    driver_memory: str = Field("2g", description="Memory of the Spark driver's JVM.")
    shuffle_partitions: int = Field(4, gt=0, description="Partitions of a Spark shuffle.")
