"""Reading files of an artefact only if they are what its manifest says."""

import hashlib

from graphrec_core.errors import LakeError
from graphrec_core.lake.artifact import Artifact, open_artifact
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.release import Release


def read_verified(artifact: Artifact, name: str) -> bytes:
    """Reads a file and checks its sha256.

    Raises:
        LakeError: The file is missing, or its bytes are not those that were committed.
    """
    data = artifact.read(name)
    found = hashlib.sha256(data).hexdigest()
    expected = artifact.manifest.files[name].sha256
    if found != expected:
        raise LakeError(
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
        LakeError: A file is missing or damaged.
    """
    for name in artifact.manifest.files:
        read_verified(artifact, name)


def verify_shards(lake: Lake, release: Release) -> None:
    """Checks every file of every shard that a release lists.

    Raises:
        LakeError: A shard or a file is missing or damaged.
    """
    for region, entry in release.regions.items():
        if entry.shard_id is not None:
            verify_files(open_artifact(lake.storage, lake.layout.shard(region, entry.shard_id)))
