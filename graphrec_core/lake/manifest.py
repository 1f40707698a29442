"""What an artefact says of itself."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from graphrec_core.errors import DamagedError, LakeError
from graphrec_core.lake.identity import canonical_json
from graphrec_core.lake.records import Figures, mistakes
from graphrec_core.types import ArtifactId, Region

OfStep = TypeVar("OfStep", bound=Figures)


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
        stats: Figures and decisions that later steps and people read; ``figures`` reads
            them.
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

    def figures(self, kind: type[OfStep]) -> OfStep:
        """Parses what the manifest says of the result.

        Args:
            kind: The model of this manifest's step.

        Raises:
            LakeError: The artefact is another step's.
            DamagedError: They are not this model's.
        """
        if kind.step != self.step:
            raise LakeError(
                must=f"An artefact with {kind.__name__} must be asked for them.",
                found=f"{self.step} {self.id}",
                fix="Ask the artefact of the step that commits them.",
            )
        try:
            return kind.model_validate(self.stats)
        except ValidationError as error:
            raise DamagedError(
                must=f"manifest.json of {self.step} {self.id} (region {self.region}, "
                f"{self.as_of}) must hold {kind.__name__}.",
                found=mistakes(error),
                fix="Remove the artefact and run the step again with this version.",
            ) from error
