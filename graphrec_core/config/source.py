"""Where the tables come from and how they become canonical tables."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from graphrec_core.config.base import MAX_DAYS, Instant, Section
from graphrec_core.config.csv_options import CsvOptions, parse_csv_options

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""A name that is safe in SQL and in a path: lower case, digits, underscores; at most 64."""


COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
CSV_TYPES = (
    "known are string, boolean, tinyint, smallint, int, bigint, double, decimal(p, s), "
    "date, timestamp and timestamp_ntz"
)
CSV_TYPE = re.compile(
    r"(string|boolean|tinyint|smallint|int|integer|bigint|double|date|timestamp"
    r"|timestamp_ntz|decimal(\(\d{1,2}(, ?\d{1,2})?\))?)",
    re.IGNORECASE,
)


class TableConfig(Section):
    """One raw table of the source, readable under its name in the SELECTs."""

    any_character = frozenset({"options"})

    path: str = Field("", description="File or folder, relative to source.root, or a URI.")
    catalog: str = Field("", description="A Spark catalog table instead of a path (db.table).")
    format: Literal["", "parquet", "csv"] = Field(
        "", description="File format; empty: from the path's suffix."
    )
    columns: dict[str, str] = Field(
        {}, description="CSV only: column names and SQL types, in the order of the file."
    )
    options: dict[str, str] = Field(
        {},
        description="CSV only: sep, quote, escape, header, encoding, nullValue, "
        "ignoreLeadingWhiteSpace. Default of header: false with `columns`, else true.",
    )

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if bool(self.path) == bool(self.catalog):
            raise ValueError("give exactly one of `path` and `catalog`")
        if self.path and self.file_format not in ("parquet", "csv"):
            raise ValueError(f"cannot tell the format of {self.path!r}: set `format`")
        if self.columns and self.file_format != "csv":
            raise ValueError("`columns` is for CSV files only; other formats carry their types")
        if self.options and self.file_format != "csv":
            raise ValueError("`options` is for CSV files only")
        _ = self.csv
        return self

    @field_validator("options", mode="before")
    @classmethod
    def _truth_is_text(cls, options: object) -> object:
        if not isinstance(options, dict):
            return options
        return {
            key: str(value).lower() if isinstance(value, bool) else value
            for key, value in options.items()
        }

    @field_validator("columns")
    @classmethod
    def _columns_have_names_and_types(cls, columns: dict[str, str]) -> dict[str, str]:
        if repeated := repeated_names(columns):
            raise ValueError(f"`columns` names {repeated} more than once; case does not count")
        for name, kind in columns.items():
            if not name.strip():
                raise ValueError("`columns` must name every column")
            if not CSV_TYPE.fullmatch(kind):
                raise ValueError(f"`columns` gives {name!r} the type {kind!r}; {CSV_TYPES}")
        return columns

    @property
    def file_format(self) -> str:
        """``parquet`` or ``csv``, from ``format`` or else from the path's suffix.

        A suffix of a compression says nothing: the one before it counts, in any case.
        """
        suffixes = [suffix.lower() for suffix in PurePosixPath(self.path).suffixes]
        while suffixes and suffixes[-1] in COMPRESSED:
            suffixes.pop()
        return self.format or "".join(suffixes[-1:]).lstrip(".")

    @property
    def csv(self) -> CsvOptions:
        """How its CSV files are written.

        With ``columns`` a file is not taken to have a header: a first row lost would be seen by
        nobody, names read as values go to quarantine.
        """
        return parse_csv_options(self.options, header=not self.columns)


Aggregation = Literal["sum", "mean", "max", "last", "first"]
"""How a column of the events becomes one of their pair."""


class EdgeConfig(Section):
    """One canonical edge table: its SELECT and the node types it joins."""

    select: str = Field(description="SELECT that yields src, dst, event_time, ...")
    src: Name | Literal[""] = Field("", description="Node type of src; empty: task.query.")
    dst: Name | Literal[""] = Field("", description="Node type of dst; empty: task.candidate.")
    weight: Aggregation = Field(
        "sum",
        description="Weight of a pair from the weights of its events: sum (counts, amounts), "
        "mean (ratings), max, last or first.",
    )
    features: dict[str, Aggregation] = Field(
        {},
        description="Edge features: column of the SELECT -> sum, mean, max, last or first of a "
        "pair's events; columns that are not named are left out.",
    )

    @field_validator("features")
    @classmethod
    def _features_have_names(cls, features: dict[str, Aggregation]) -> dict[str, Aggregation]:
        if repeated := repeated_names(features):
            raise ValueError(f"names {repeated} more than once; case does not count")
        if not all(name.strip() for name in features):
            raise ValueError("must name every column")
        return features


class TownConfig(Section):
    """The generated town: a market of several regions with planted taste."""

    num_regions: int = Field(3, ge=1, le=26, description="Number of regions.")
    num_users: int = Field(500, ge=10, le=10_000_000, description="Users per region.")
    num_places: int = Field(400, ge=10, le=10_000_000, description="Places per region.")
    num_communities: int = Field(4, ge=1, description="Groups of equal taste per region.")
    num_days: int = Field(90, ge=14, le=MAX_DAYS, description="Days of history before `end`.")
    events_per_user: int = Field(
        10, ge=1, le=100_000, description="Mean visits per user over the history."
    )
    noise_frac: float = Field(
        0.1, ge=0, le=1, description="Share of visits that ignore the planted taste."
    )
    travel_frac: float = Field(
        0.05, ge=0, le=1, description="Share of visits made in another region."
    )
    end: Instant = Field(
        datetime(2026, 1, 1, tzinfo=UTC), description="Instant before which all events lie (UTC)."
    )
    seed: int = Field(7, ge=0, description="Seed of the generator.")


class SourceConfig(Section):
    """Tables, and one SELECT per canonical table."""

    root: str = Field(".", description="Folder or URI that relative table paths start from.")
    town: TownConfig | None = Field(
        None, description="Generate the town and read its tables instead of `root`."
    )
    tables: dict[Name, TableConfig] = Field(description="Raw tables by name.")
    nodes: dict[Name, str] = Field(description="Node type -> SELECT.", min_length=1)
    edges: dict[Name, EdgeConfig] = Field(description="Edge type -> SELECT.", min_length=1)
    features: dict[Name, str] = Field({}, description="Node type -> SELECT of timed features.")
    max_bad_rows_frac: float = Field(
        0.01, ge=0, le=1, description="Share of bad rows per table above which the day is refused."
    )
    earliest_time: Instant = Field(
        datetime(1970, 1, 1, tzinfo=UTC), description="Rows with an older time are bad (UTC)."
    )
    ready_marker: str = Field(
        "",
        description="Path that must exist before a day starts, relative to root; "
        "{as_of} becomes YYYY-MM-DD; empty: no marker.",
    )

    @field_validator("ready_marker")
    @classmethod
    def _only_as_of_in_braces(cls, text: str) -> str:
        if set("{}") & set(text.replace("{as_of}", "")):
            raise ValueError("may hold {as_of} and no other braces")
        return text

    @property
    def formats(self) -> dict[str, dict[str, Any]]:
        """How every table is read, not where it lies: a part of a snapshot's identity.

        Columns are pairs: a file has them in their order, which a mapping's text does not keep.
        """
        return {
            name: {
                "format": table.file_format,
                "columns": list(table.columns.items()),
                "options": table.options,
            }
            for name, table in self.tables.items()
        }

    @model_validator(mode="before")
    @classmethod
    def _edges_may_be_plain_selects(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("edges"), dict):
            edges = {
                etype: {"select": value} if isinstance(value, str) else value
                for etype, value in data["edges"].items()
            }
            return {**data, "edges": edges}
        return data


def repeated_names(names: Iterable[str]) -> str:
    """Returns the first name that comes twice, whatever the case of its letters; or nothing."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return ""


def resolve_path(path: str, root: str) -> str:
    """Resolves a path against ``source.root``; absolute paths and URIs stay."""
    if path.startswith("/") or urlsplit(path).scheme:
        return path
    return f"{root.rstrip('/')}/{path}"
