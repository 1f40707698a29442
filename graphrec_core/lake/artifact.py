"""Committed artefacts: found by their manifest, read through their manifest.

``<id>/manifest.json`` is the commit. A reader takes the attempt below ``<id>/`` whose ``run.json``
names the manifest's hash, so a manifest that was changed since has no attempt.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from graphrec_core.errors import AbsentError, DamagedError
from graphrec_core.lake.checked import CheckedFiles
from graphrec_core.lake.guarded_file import GuardedFile
from graphrec_core.lake.layout import MANIFEST, RUN
from graphrec_core.lake.manifest import FileEntry, Manifest
from graphrec_core.lake.parquet import read_parquet
from graphrec_core.lake.records import mistakes
from graphrec_core.lake.storage import Storage

ATTEMPT = "attempt-"


@dataclass(frozen=True)
class Artifact:
    """A committed artefact, read-only; its bytes are those that were committed, or an error.

    Attributes:
        manifest: What it says of itself.
        base: Folder of the committed attempt.
    """

    manifest: Manifest
    _storage: Storage
    base: str

    @cached_property
    def checked(self) -> CheckedFiles:
        """Its files, which are checked before they are read."""
        owner = f"{self.manifest.step} {self.manifest.id}"
        return CheckedFiles(owner, self._storage, self.base, self.manifest.files)

    def has(self, name: str) -> bool:
        """Tells whether the artefact holds the file ``name``."""
        return name in self.manifest.files

    def entry(self, name: str) -> FileEntry:
        """Returns what the manifest says of a file.

        Raises:
            LakeError: The artefact holds no such file.
        """
        return self.checked.entry(name)

    def read(self, name: str) -> bytes:
        """Reads a file of the artefact.

        Raises:
            LakeError: The artefact holds no such file, or it is damaged.
        """
        return self.checked.read(name)

    def open(self, name: str) -> GuardedFile:
        """Opens a file of the artefact for reading at any offset; close it, or use ``with``.

        Raises:
            LakeError: The artefact holds no such file, or it is damaged.
        """
        return self.checked.open(name)

    def read_json(self, name: str) -> Any:  # noqa: ANN401  (JSON)
        """Reads a JSON file of the artefact."""
        return json.loads(self.read(name))

    def read_table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Reads a Parquet file of the artefact; of a few columns only their bytes are kept."""
        if columns is None:
            return read_parquet(pa.BufferReader(self.read(name)))
        with self.open(name) as file:
            return read_parquet(file, columns)

    def run_info(self) -> dict[str, Any]:
        """Returns seconds, peak memory (MB) and times of the attempt that was committed."""
        info: dict[str, Any] = json.loads(self._storage.read(f"{self.base}/{RUN}"))
        return info


def ran_last(artifacts: Iterable[Artifact]) -> Artifact:
    """Returns the one of at least one artefact whose attempt began last."""
    return max(artifacts, key=lambda one: (str(one.run_info()["started"]), one.manifest.id))


def find_artifact(storage: Storage, folder: str) -> Artifact | None:
    """Returns the committed artefact in ``folder``, or None where none is committed.

    Raises:
        DamagedError: There is a manifest, but it is damaged or changed, is another artefact's,
            or its files are gone.
        LakeError: The storage does not answer.
    """
    data = storage.find(f"{folder}/{MANIFEST}")
    if data is None:
        return None
    described: list[str | None] = []
    for name in storage.folders(folder):
        run = storage.find(f"{folder}/{name}/{RUN}") if name.startswith(ATTEMPT) else None
        if run is not None:
            described.append(described_manifest(run))
            if described[-1] == sha256(data):
                return Artifact(_parse(storage, folder, data), storage, f"{folder}/{name}")
    found = f"attempts that describe {', '.join(map(str, described)) or 'none'}"
    raise _damaged(storage, folder, f"sha256 {sha256(data)}; {found}")


def open_artifact(storage: Storage, folder: str) -> Artifact:
    """Returns the committed artefact in ``folder``.

    Raises:
        AbsentError: None is committed there.
        LakeError: As ``find_artifact``.
    """
    artifact = find_artifact(storage, folder)
    if artifact is None:
        raise AbsentError(
            must=f"{storage.uri(folder)} must hold a committed artefact.",
            found="no manifest.json",
            fix="Run the earlier steps of this day with the same configuration first.",
        )
    return artifact


def described_manifest(run: bytes) -> str | None:
    """Returns the hash that a run.json names; None where it is damaged or names none."""
    try:
        return str(json.loads(run)["manifest_sha256"])
    except (ValueError, KeyError, TypeError):
        return None


def sha256(data: bytes) -> str:
    """Returns the sha256 of bytes in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _parse(storage: Storage, folder: str, data: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise _damaged(storage, folder, mistakes(error)) from error
    if manifest.id not in folder.split("/"):
        raise _damaged(storage, folder, f"the manifest of {manifest.step} {manifest.id}")
    return manifest


def _damaged(storage: Storage, folder: str, found: str) -> DamagedError:
    return DamagedError(
        must=f"{storage.uri(folder)} must hold the manifest that was committed there, "
        "and the attempt that its manifest describes.",
        found=found,
        fix="Restore the folder from a backup, or remove it and run the step again.",
    )
