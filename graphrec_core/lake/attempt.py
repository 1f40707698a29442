"""Writing an artefact so that it is there whole or not at all.

An attempt writes below ``<id>/attempt-<token>/`` and puts ``run.json`` last into it; then
``<id>/manifest.json`` is put if absent. The token stands in neither manifest nor data, so retries
give equal bytes.

``run.json`` too is put if absent: it seals the attempt. In a store ``sweep`` puts one of its own
there before it takes an attempt away, so only one of the two gets its way.
"""

import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import pyarrow as pa

from graphrec_core.config import STEPS, PipelineConfig, StepName
from graphrec_core.errors import GraphrecError, LakeError
from graphrec_core.lake.artifact import (
    ATTEMPT,
    Artifact,
    described_manifest,
    find_artifact,
    open_artifact,
    sha256,
)
from graphrec_core.lake.checked import CheckedFiles
from graphrec_core.lake.identity import artifact_id, canonical_json, declared_config
from graphrec_core.lake.layout import MANIFEST, RUN
from graphrec_core.lake.lease import held, taken
from graphrec_core.lake.manifest import FileEntry, Manifest
from graphrec_core.lake.meter import process_meter
from graphrec_core.lake.records import Figures
from graphrec_core.lake.storage import Storage
from graphrec_core.lake.table_writer import TableWriter, table_writer
from graphrec_core.types import ArtifactId, Region, format_instant

logger = logging.getLogger(__name__)

SWEPT = b'{"swept":true}\n'
"""The ``run.json`` of an attempt that is being taken away: it names no manifest."""


class Attempt:
    """One try at writing an artefact; see ``attempt``."""

    def __init__(self, storage: Storage, folder: str, artifact_id: ArtifactId) -> None:
        self.storage, self.folder, self.artifact_id = storage, folder, artifact_id
        self.base = f"{folder}/{ATTEMPT}{secrets.token_hex(6)}"
        self._started = datetime.now(UTC)
        self.is_sealed = False
        self._entries: dict[str, FileEntry] = {}

    def files(self) -> Mapping[str, FileEntry]:
        """The files written so far."""
        return self._entries

    @property
    def checked(self) -> CheckedFiles:
        """The files written so far, which are checked before they are read."""
        owner = f"the attempt at {self.artifact_id}"
        return CheckedFiles(owner, self.storage, self.base, self._entries)

    def write(self, name: str, data: bytes) -> None:
        """Writes one file of the artefact."""
        self.storage.write(f"{self.base}/{name}", data)
        self._entries[name] = FileEntry(sha256=sha256(data), num_bytes=len(data))

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

        Args:
            name: The file's name in this artefact.
            artifact: The artefact that has it.
            other_name: Its name there.

        Raises:
            LakeError: The artefact holds no such file, or it is damaged.
        """
        self._entries[name] = artifact.checked.link(other_name, f"{self.base}/{name}")

    def commit(
        self,
        step: StepName,
        config: PipelineConfig,
        as_of: datetime,
        region: Region,
        inputs: Mapping[str, str],
        figures: Figures,
        source: str = "",
    ) -> Artifact:
        """Makes the artefact visible, or finds that another attempt did so first.

        Args:
            step: The step that made it.
            config: The settings; those that the step declares are kept.
            as_of: The day's instant.
            region: The region, or ``ALL_REGIONS``.
            inputs: Ids of what it was made from, by role.
            figures: What the manifest says of it, by the step's model.
            source: The source whose result it is, where each has its own.

        Returns:
            The committed artefact, this attempt's or the earlier one's; its files are all there.

        Raises:
            TypeError: ``figures`` are not the step's.
            LakeError: The attempt's id is not that of its inputs, a file of it is gone or cut
                short, or ``sweep`` took it for a dead process's: nothing is committed. Or the
                committed one is damaged.
        """
        if not isinstance(figures, Figures) or figures.step != step:
            raise TypeError(f"{step} commits figures of its own, not {type(figures).__name__}")
        self._check_id(artifact_id(step, config, as_of, region, inputs, source))
        manifest = Manifest(
            id=self.artifact_id,
            step=step,
            version=STEPS[step].version,
            pipeline=config.pipeline,
            as_of=format_instant(as_of),
            region=region,
            inputs=dict(inputs),
            config=declared_config(config, step, source),
            files=dict(sorted(self._entries.items())),
            stats=figures.to_json(),
        )
        data = manifest.to_bytes()
        self._seal(data)
        # From here on readers may be in these files, even if the call below is interrupted.
        self.is_sealed = True
        if not self.storage.write_if_absent(f"{self.folder}/{MANIFEST}", data):
            logger.info("%s %s was committed by another attempt", step, self.artifact_id)
        committed = open_artifact(self.storage, self.folder)
        committed.checked.check_sizes()
        return committed

    def _check_id(self, expected: ArtifactId) -> None:
        if expected != self.artifact_id:
            raise LakeError(
                must="A result must be committed under the id of its inputs and settings.",
                found=f"{self.artifact_id} for {expected}",
                fix="Take the id, the folder and the inputs from one `Ref` of the day.",
            )

    def _seal(self, manifest: bytes) -> None:
        run, path = self._run_info(manifest), f"{self.base}/{RUN}"
        # A put whose answer was lost is sent again, and then finds its own work.
        if not self.storage.write_if_absent(path, run) and self.storage.find(path) != run:
            raise LakeError(
                must=f"{self.storage.uri(self.base)} must be this process's alone.",
                found="sweep took it for a dead process's",
                fix="Run the step again; a process that is stopped for an hour counts as dead.",
            )
        self.checked.check_sizes()

    def _run_info(self, manifest: bytes) -> bytes:
        info = {
            "manifest_sha256": sha256(manifest),
            "started": self._started.isoformat(),
            **process_meter().take(),
        }
        return (canonical_json(info) + "\n").encode()


@contextmanager
def attempt(storage: Storage, folder: str, artifact_id: ArtifactId) -> Iterator[Attempt]:
    """Opens an attempt at an artefact; one that raises before commit leaves nothing behind.

    A killed process, or one interrupted while its manifest is put, leaves an attempt that is
    either the committed one or one that no reader needs and that ``sweep`` removes.
    """
    trial = Attempt(storage, folder, artifact_id)
    with held(storage, trial.base):
        try:
            yield trial
        except BaseException:
            if not trial.is_sealed:
                _forget(trial)
            raise


def remove_attempt(storage: Storage, base: str) -> None:
    """Removes an attempt; ``run.json`` goes first, so that no reader finds a half removed one.

    Two attempts at one result have equal manifests, so either's ``run.json`` makes it readable.
    """
    storage.remove(f"{base}/{RUN}")
    storage.remove(base)


def discard(storage: Storage, base: str, now_s: float) -> bool:
    """Removes an attempt if nobody works in it and nobody can read it, now or later.

    Args:
        storage: The lake's storage.
        base: The attempt's folder.
        now_s: The present by the storage's clock, in seconds since the epoch.

    Returns:
        Whether it was removed.

    Raises:
        LakeError: The storage does not answer; then it may be gone in part, and none of it is
            readable.
    """
    with taken(storage, base, now_s) as is_free:
        if not is_free or is_committed(storage, base):
            return False
        if not storage.is_local and not _is_lost(storage, base):
            return False
        remove_attempt(storage, base)
        return True


def is_committed(storage: Storage, base: str) -> bool:
    """Tells whether an attempt is the committed one, or may be: a damaged artefact stays."""
    try:
        artifact = find_artifact(storage, base.rpartition("/")[0])
    except LakeError as error:
        logger.warning("left alone: %s: %s", base, error.found)
        return True
    return artifact is not None and artifact.base == base


def _is_lost(storage: Storage, base: str) -> bool:
    """Makes sure that an attempt in a store can never be committed, or says False.

    Its process may only be asleep. One that is not sealed is sealed here, for ``sweep``, and its
    files go before that seal does. A sealed one has lost once there is a manifest.
    """
    path = f"{base}/{RUN}"
    storage.write_if_absent(path, SWEPT)
    if described_manifest(storage.read(path)) is not None:
        folder = base.rpartition("/")[0]
        return storage.exists(f"{folder}/{MANIFEST}") and not is_committed(storage, base)
    for name in storage.files(base):
        if name != path:
            storage.remove(name)
    return True


def _forget(trial: Attempt) -> None:
    try:
        remove_attempt(trial.storage, trial.base)
    except GraphrecError as error:  # what ended the block says more
        logger.warning("left to sweep: %s: %s", trial.base, error.found)
