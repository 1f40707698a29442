"""Writing an artefact so that it is there whole or not at all, and reading it back.

An attempt writes below ``<id>/attempt-<token>/`` and puts ``run.json`` last into it; then
``<id>/manifest.json`` is put if absent. The token stands in neither manifest nor data, so retries
give equal bytes; a reader takes the attempt whose ``run.json`` names the manifest's hash.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphrec_core.config import STEPS, PipelineConfig, StepName
from graphrec_core.errors import DamagedError, LakeError
from graphrec_core.lake.identity import canonical_json, declared_config
from graphrec_core.lake.layout import MANIFEST, RUN
from graphrec_core.lake.manifest import FileEntry, Manifest
from graphrec_core.lake.meter import process_meter
from graphrec_core.lake.storage import Storage
from graphrec_core.lake.table_writer import TableWriter, table_writer
from graphrec_core.types import ArtifactId, Region, format_instant

logger = logging.getLogger(__name__)

ATTEMPT = "attempt-"


@dataclass(frozen=True)
class Artifact:
    """A committed artefact, read-only.

    Attributes:
        manifest: What it says of itself.
        storage: The lake's storage.
        base: Folder of the committed attempt.
    """

    manifest: Manifest
    storage: Storage
    base: str

    def has(self, name: str) -> bool:
        """Tells whether the artefact holds the file ``name``."""
        return name in self.manifest.files

    def read(self, name: str) -> bytes:
        """Reads a file of the artefact.

        Raises:
            LakeError: The artefact holds no such file.
        """
        self.entry(name)
        return self.storage.read(f"{self.base}/{name}")

    def open(self, name: str) -> Any:  # noqa: ANN401  (fsspec's file objects have no common type)
        """Opens a file of the artefact for reading at any offset; close it, or use ``with``.

        Raises:
            LakeError: The artefact holds no such file.
        """
        self.entry(name)
        return self.storage.open(f"{self.base}/{name}")

    def entry(self, name: str) -> FileEntry:
        """Returns what the manifest says of a file.

        Raises:
            LakeError: The artefact holds no such file.
        """
        if not self.has(name):
            raise LakeError(
                must=f"{self.manifest.step} {self.manifest.id} must hold {name}.",
                found=f"{len(self.manifest.files)} other files",
                fix="Check the region and node type; `graphrec status` lists what there is.",
            )
        return self.manifest.files[name]

    def read_json(self, name: str) -> Any:  # noqa: ANN401  (JSON)
        """Reads a JSON file of the artefact."""
        return json.loads(self.read(name))

    def read_table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Reads a Parquet file of the artefact; of a few columns only their bytes."""
        if columns is None:
            return pq.read_table(pa.BufferReader(self.read(name)))
        with self.open(name) as file:
            return pq.read_table(file, columns=columns)

    def run_info(self) -> dict[str, Any]:
        """Returns seconds, peak memory (MB) and times of the attempt that was committed."""
        info: dict[str, Any] = json.loads(self.storage.read(f"{self.base}/{RUN}"))
        return info


def find_artifact(storage: Storage, folder: str) -> Artifact | None:
    """Returns the committed artefact in ``folder``, or None where none is committed.

    Raises:
        DamagedError: There is a manifest, but its files are gone.
    """
    path = f"{folder}/{MANIFEST}"
    if not storage.exists(path):
        return None
    data = storage.read(path)
    for name in storage.folders(folder):
        run = f"{folder}/{name}/{RUN}"
        if not name.startswith(ATTEMPT) or not storage.exists(run):
            continue
        if _described_manifest(storage.read(run)) == _sha256(data):
            manifest = Manifest.model_validate_json(data)
            return Artifact(manifest, storage, f"{folder}/{name}")
    raise DamagedError(
        must=f"{storage.uri(folder)} must hold the attempt that its manifest describes.",
        found="no attempt with this manifest's hash",
        fix="Remove the folder and run the step again.",
    )


def open_artifact(storage: Storage, folder: str) -> Artifact:
    """Returns the committed artefact in ``folder``.

    Raises:
        LakeError: None is committed there.
    """
    artifact = find_artifact(storage, folder)
    if artifact is None:
        raise LakeError(
            must=f"{storage.uri(folder)} must hold a committed artefact.",
            found="no manifest.json",
            fix="Run the earlier steps of this day with the same configuration first.",
        )
    return artifact


class Attempt:
    """One try at writing an artefact; see ``attempt``."""

    def __init__(self, storage: Storage, folder: str, artifact_id: ArtifactId) -> None:
        self.storage, self.folder, self.artifact_id = storage, folder, artifact_id
        self.base = f"{folder}/{ATTEMPT}{secrets.token_hex(6)}"
        self._started = datetime.now(UTC)
        self.is_sealed = False
        self._entries: dict[str, FileEntry] = {}

    def write(self, name: str, data: bytes) -> None:
        """Writes one file of the artefact."""
        self.storage.write(f"{self.base}/{name}", data)
        self._entries[name] = _entry(data, None)

    def write_json(self, name: str, value: object) -> None:
        """Writes one JSON file of the artefact."""
        self.write(name, (canonical_json(value) + "\n").encode())

    def write_table(self, name: str, table: pa.Table) -> None:
        """Writes one Parquet file of the artefact; equal tables give equal bytes."""
        with self.open_table(name, table.schema) as writer:
            writer.write(table)

    @contextmanager
    def open_table(self, name: str, schema: pa.Schema) -> Iterator[TableWriter]:
        """Opens one Parquet file of the artefact for rows as they come.

        Equal rows give equal bytes, however they are cut into batches. The file becomes visible
        at the end of the block; a block that raises leaves none. Threads may write several at
        once.

        Args:
            name: The file's name in the artefact.
            schema: Its columns; metadata is dropped, dictionaries become plain values.
        """
        with table_writer(self.storage, f"{self.base}/{name}", schema) as writer:
            yield writer
            entry = writer.finish()
        self._entries[name] = entry

    def link_file(self, name: str, artifact: Artifact, other_name: str) -> None:
        """Takes over a file of a committed artefact of the same lake, as it is.

        Its bytes are not read; the manifests' sha256 is.

        Args:
            name: The file's name in this artefact.
            artifact: The artefact that has it.
            other_name: Its name there.

        Raises:
            LakeError: The artefact holds no such file.
        """
        entry = artifact.entry(other_name)
        self.storage.link(f"{artifact.base}/{other_name}", f"{self.base}/{name}")
        self._entries[name] = entry

    def files(self) -> Mapping[str, FileEntry]:
        """The files written so far."""
        return self._entries

    def commit(
        self,
        step: StepName,
        config: PipelineConfig,
        as_of: datetime,
        region: Region,
        inputs: Mapping[str, str],
        stats: Mapping[str, Any],
    ) -> Artifact:
        """Makes the artefact visible, or finds that another attempt did so first.

        Returns:
            The committed artefact, this attempt's or the earlier one's.
        """
        manifest = Manifest(
            id=self.artifact_id,
            step=step,
            version=STEPS[step].version,
            pipeline=config.pipeline,
            as_of=format_instant(as_of),
            region=region,
            inputs=dict(inputs),
            config=declared_config(config, step),
            files=dict(sorted(self._entries.items())),
            stats=dict(stats),
        )
        data = manifest.to_bytes()
        self.storage.write(f"{self.base}/{RUN}", self._run_info(data))
        # From here on readers may be in these files, even if the call below is interrupted.
        self.is_sealed = True
        if not self.storage.write_if_absent(f"{self.folder}/{MANIFEST}", data):
            logger.info("%s %s was committed by another attempt", step, self.artifact_id)
        return open_artifact(self.storage, self.folder)

    def _run_info(self, manifest: bytes) -> bytes:
        info = {
            "manifest_sha256": _sha256(manifest),
            "started": self._started.isoformat(),
            **process_meter().read(),
        }
        return (canonical_json(info) + "\n").encode()


@contextmanager
def attempt(storage: Storage, folder: str, artifact_id: ArtifactId) -> Iterator[Attempt]:
    """Opens an attempt at an artefact; one that raises before commit leaves nothing behind.

    A killed process, or one interrupted while its manifest is put, leaves an attempt that is
    either the committed one or one that no reader needs and that ``sweep`` removes.
    """
    trial = Attempt(storage, folder, artifact_id)
    try:
        yield trial
    except BaseException:
        if not trial.is_sealed:
            remove_attempt(storage, trial.base)
        raise


def remove_attempt(storage: Storage, base: str) -> None:
    """Removes an attempt; ``run.json`` goes first, so that no reader finds a half removed one.

    Two attempts at one result have equal manifests, so either's ``run.json`` makes it readable.
    """
    storage.remove(f"{base}/{RUN}")
    storage.remove(base)


def _described_manifest(run: bytes) -> str | None:
    """Returns the hash that a run.json names; None where it is damaged."""
    try:
        return str(json.loads(run)["manifest_sha256"])
    except (ValueError, KeyError, TypeError):
        return None


def _entry(data: bytes, num_rows: int | None) -> FileEntry:
    return FileEntry(sha256=_sha256(data), num_bytes=len(data), num_rows=num_rows)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
