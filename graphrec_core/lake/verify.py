"""Reading files of an artefact only if they are what its manifest says."""

import hashlib

from graphrec_core.errors import DamagedError
from graphrec_core.lake.artifact import Artifact


def read_verified(artifact: Artifact, name: str) -> bytes:
    """Reads a file and checks its sha256.

    Raises:
        LakeError: There is no such file.
        DamagedError: Its bytes are not those that were committed.
    """
    data = artifact.read(name)
    found = hashlib.sha256(data).hexdigest()
    expected = artifact.manifest.files[name].sha256
    if found != expected:
        raise DamagedError(
            must=f"{name} of {artifact.manifest.step} {artifact.manifest.id} must have "
            f"the sha256 {expected} of its manifest.",
            found=found,
            fix=f"Remove {artifact.storage.uri(artifact.base)} and its manifest, "
            "and run the step again.",
        )
    return data


def verify_files(artifact: Artifact) -> None:
    """Checks every file of an artefact.

    Raises:
        DamagedError: A file is missing or damaged.
    """
    for name in artifact.manifest.files:
        read_verified(artifact, name)
