"""What an artefact says of itself."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from graphrec_core.lake.identity import canonical_json
from graphrec_core.types import ArtifactId, Region


class FileEntry(BaseModel):
    """One file of an artefact."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    num_bytes: int
    num_rows: int | None = None


class Manifest(BaseModel):
    """Inputs, settings, files and figures of an artefact; equal results have equal manifests.

    Attributes:
        id: The artefact's id.
        step: The step that made it.
        version: The step's version.
        pipeline: The pipeline.
        as_of: The run's instant, as ``20100901T000000Z``.
        region: The region, or ``_all``.
        inputs: Ids of the artefacts it was made from, by role.
        config: The settings that the step declares, by dotted key.
        files: The files, by path relative to the artefact.
        stats: Figures and decisions that later steps and people read; JSON values.
    """

    model_config = ConfigDict(frozen=True)

    id: ArtifactId
    step: str
    version: int
    pipeline: str
    as_of: str
    region: Region
    inputs: dict[str, str]
    config: dict[str, Any]
    files: dict[str, FileEntry]
    stats: dict[str, Any]

    def to_bytes(self) -> bytes:
        """Writes the manifest as canonical JSON."""
        return (canonical_json(self.model_dump(mode="json")) + "\n").encode()
