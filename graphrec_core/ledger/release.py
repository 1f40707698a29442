"""Releases: immutable lists of shards, one per region, stored once and never changed."""

import json
import logging
import re
from collections.abc import Iterable
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from graphrec_core.errors import ConfigError, DamagedError
from graphrec_core.lake.identity import ID_LENGTH, canonical_json
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.records import GateDecision, GateVerdict, mistakes
from graphrec_core.types import ArtifactId, Region

logger = logging.getLogger(__name__)

Serves = Literal["model", "popular"]
Follows = Literal["live", "keep", "popular"]
Stored = TypeVar("Stored", bound=BaseModel)

RELEASE_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")
RESTORE = "Restore the file from a backup, or remove it and run the step that wrote it again."
NUM_SHOWN = 5
"""Releases that a message names, the newest."""


class ReleasedRegion(BaseModel):
    """One region of a release.

    Attributes:
        shard_id: The shard that serves the region; None where it has none at all.
        as_of: The instant of that shard; older than the release's for a kept shard.
        serves: ``model``, or ``popular`` where no model ever passed: the popular list, labelled.
        passed: Whether the gate let this release's own candidate live: it passed, or it stayed
            undecided and ``gate.undecided`` is `live`.
        verdict: What the gate said of the candidate; None where a part of it is missing.
        follows: What follows. `live`: the candidate serves. `keep`: what serves stays, and where
            no model does, the candidate's popular list serves. `popular`: that list serves, also
            in place of a model. None in releases that are older than this field.
        rules: Every rule of the gate as judged for this release .
        evaluation_id: The evaluation of this release's own candidate.
        references: The shards of earlier releases whose recommenders it was compared with, by
            name (see ``Past.references``): inputs of that evaluation.
        candidate_shard_id: This release's own candidate, live or refused.
        recommender_id: What the candidate recommends with (see ``recommender_id``); None in
            releases that are older than this field.
        model_id: In those older ones, the model behind the candidate's only source.
        number: Place of this very decision among those of its day: the number of the first
            release that holds it. 0 in releases that are older than this field.
    """

    model_config = ConfigDict(frozen=True)

    shard_id: ArtifactId | None
    as_of: str | None
    serves: Serves
    passed: bool
    verdict: GateVerdict | None = None
    follows: Follows | None = None
    rules: tuple[GateDecision, ...] = ()
    evaluation_id: ArtifactId | None = None
    references: dict[str, ArtifactId] = {}
    candidate_shard_id: ArtifactId | None = None
    recommender_id: ArtifactId | None = None
    model_id: ArtifactId | None = None
    number: int = 0

    @property
    def lacks_reference(self) -> bool:
        """Whether an earlier release could not be measured, though there were queries."""
        return any(rule.reference and rule.is_unmeasured for rule in self.rules)

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, data: Any) -> Any:  # noqa: ANN401  (whatever is validated)
        """Completes an entry of a time when a gate either passed or refused."""
        if isinstance(data, dict) and "verdict" not in data and _was_judged(data):
            return {**data, "verdict": "passed" if data["passed"] else "refused"}
        return data


class Release(BaseModel):
    """An immutable list of shards.

    Attributes:
        id: The release's id.
        as_of: Its instant, as ``20100901T000000Z``.
        snapshot_id: The snapshot that it was built from.
        mode: How it was published: auto, never or force.
        forced_by: Who forced, else empty.
        forced_why: Why, else empty.
        regions: The regions by name.
        number: Its place among the releases of its day, from 1, as they were decided.
        looser: How the gate was looser than the YAML's (see ``looser_than``); then both are kept.
        gate: The gate that judged, by dotted key.
        yaml_gate: The gate of the YAML, likewise; empty where nothing was looser.
        is_whole: Whether it covers every region of its snapshot.
        empty_regions: Regions of the snapshot without rows; they keep what serves them.
        pooled: The evaluations that regions with few queries were judged on together.
    """

    model_config = ConfigDict(frozen=True)

    id: ArtifactId
    as_of: str
    snapshot_id: ArtifactId
    mode: str
    forced_by: str = ""
    forced_why: str = ""
    regions: dict[Region, ReleasedRegion]
    number: int = 1
    looser: list[str] = []
    gate: dict[str, Any] = {}
    yaml_gate: dict[str, Any] = {}
    is_whole: bool = False
    empty_regions: list[Region] = []
    pooled: dict[Region, ArtifactId] = {}

    @property
    def is_forced(self) -> bool:
        """Whether the gate was overruled."""
        return self.mode == "force"

    @property
    def is_unanimous(self) -> bool:
        """Whether every region goes live."""
        return self.is_forced or all(entry.passed for entry in self.regions.values())

    def to_bytes(self) -> bytes:
        """Writes the release as canonical JSON."""
        return (canonical_json(self.model_dump(mode="json")) + "\n").encode()


def _was_judged(data: dict[str, Any]) -> bool:
    return None not in (data.get("evaluation_id"), data.get("candidate_shard_id"))


def read_release(lake: Lake, release_id: ArtifactId) -> Release:
    """Reads one release.

    Raises:
        LakeError: There is no such release.
        DamagedError: Its file is damaged.
    """
    path = lake.layout.release(release_id)
    return _named(lake, path, release_id, read_stored(lake, path, Release))


def find_release(lake: Lake, release_id: ArtifactId) -> Release | None:
    """Reads one release; None where there is none.

    Raises:
        DamagedError: Its file is damaged.
    """
    path = lake.layout.release(release_id)
    release = find_stored(lake, path, Release)
    return None if release is None else _named(lake, path, release_id, release)


def named_release(lake: Lake, text: str) -> Release:
    """Reads the release that a person named.

    Raises:
        ConfigError: The text is no release's id, or there is no such release.
        DamagedError: Its file is damaged.
    """
    is_id = RELEASE_ID.fullmatch(text) is not None
    release = find_release(lake, ArtifactId(text)) if is_id else None
    if release is None:
        raise ConfigError(
            must=f"A release is named by its id, {ID_LENGTH} hexadecimal digits.",
            found=f"{text!r}; there are {newest_first(one.id for one in list_releases(lake))}",
            fix="Copy the id from `graphrec status` or from publish-release's output.",
        )
    return release


def read_release_run(lake: Lake, release_id: ArtifactId) -> dict[str, Any]:
    """Returns seconds and peak memory (MB) of publishing a release; empty where unknown.

    Raises:
        DamagedError: The file is not an object of JSON.
    """
    path = lake.layout.release_run(release_id)
    data = lake.storage.find(path)
    try:
        return dict(json.loads(data)) if data is not None else {}
    except (ValueError, TypeError) as error:
        raise DamagedError(
            must=f"{lake.storage.uri(path)} must hold what graphrec wrote there.",
            found=str(error),
            fix="Remove the file: it holds costs alone.",
        ) from error


def list_releases(lake: Lake) -> list[Release]:
    """Reads all releases, by as_of and then by id; other files beside them are not looked at.

    One whose file is damaged counts for nothing: an error is logged, and ``status`` names it.
    """
    releases, damaged = scan_releases(lake)
    for fault in damaged.values():
        logger.error("%s", fault)
    return releases


def scan_releases(lake: Lake) -> tuple[list[Release], dict[ArtifactId, DamagedError]]:
    """Reads all releases, by as_of and then by id, and says what is wrong with the others."""
    releases, damaged = list[Release](), dict[ArtifactId, DamagedError]()
    for name in release_ids(lake):
        try:
            releases.append(read_release(lake, name))
        except DamagedError as error:
            damaged[name] = error
    return sorted(releases, key=lambda release: (release.as_of, release.id)), damaged


def release_ids(lake: Lake) -> list[ArtifactId]:
    """Lists the ids of all releases, sorted; none is read."""
    folder = lake.layout.releases
    names = [name.removeprefix(f"{folder}/") for name in lake.storage.files(folder)]
    ids = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    return [ArtifactId(name) for name in ids if RELEASE_ID.fullmatch(name)]


def released_region(
    candidate: ReleasedRegion, kept: ReleasedRegion | None, *, undecided: Follows, forced: bool
) -> ReleasedRegion:
    """Decides which shard a release lists for one region.

    Args:
        candidate: This day's own and its verdict; its ``shard_id`` and ``as_of`` are None where
            it is missing.
        kept: The champion's entry, if any.
        undecided: What follows where the verdict is that.
        forced: Whether the gate is overruled.

    Returns:
        The candidate where it passed or is forced; else the champion's shard; else the
        candidate's popular list. An undecided one is treated as ``undecided`` says.
    """
    follows: Follows = "keep"
    if candidate.shard_id is not None and (candidate.verdict == "passed" or forced):
        follows = "live"
    elif candidate.verdict == "undecided":
        follows = undecided
    passed = candidate.verdict == "passed" or (
        candidate.verdict == "undecided" and undecided == "live"
    )
    update: dict[str, Any] = {"follows": follows, "passed": passed, "serves": "popular"}
    if follows == "live":
        update["serves"] = "model"
    elif follows == "keep" and kept is not None:
        update |= {"shard_id": kept.shard_id, "as_of": kept.as_of, "serves": kept.serves}
    return candidate.model_copy(update=update)


def read_stored(lake: Lake, path: str, kind: type[Stored]) -> Stored:
    """Reads a JSON file of the lake.

    Raises:
        LakeError: There is no such file.
        DamagedError: It is not what was written there.
    """
    return _parsed(lake, path, kind, lake.storage.read(path))


def find_stored(lake: Lake, path: str, kind: type[Stored]) -> Stored | None:
    """Reads a JSON file of the lake; None where there is none.

    Raises:
        DamagedError: It is not what was written there.
    """
    data = lake.storage.find(path)
    return None if data is None else _parsed(lake, path, kind, data)


def _parsed(lake: Lake, path: str, kind: type[Stored], data: bytes) -> Stored:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise DamagedError(
            must=f"{lake.storage.uri(path)} must hold what graphrec wrote there.",
            found=mistakes(error),
            fix=RESTORE,
        ) from error


def _named(lake: Lake, path: str, release_id: ArtifactId, release: Release) -> Release:
    if release.id != release_id:
        raise DamagedError(
            must=f"{lake.storage.uri(path)} must hold the release that it is named for.",
            found=release.id,
            fix=RESTORE,
        )
    return release


def newest_first(names: Iterable[ArtifactId]) -> str:
    """Names the last few of ids that are in order, newest first."""
    every = list(names)
    shown = ", ".join(every[: -NUM_SHOWN - 1 : -1]) or "none"
    return shown if len(every) <= NUM_SHOWN else f"{shown} and {len(every) - NUM_SHOWN} older"
