"""Changes a committed artefact as if it had been committed so: what damage is not."""

import json
from typing import Any

from graphrec_core.lake import Artifact, FileEntry, Storage, open_artifact
from graphrec_core.lake.artifact import sha256


def replace_file(storage: Storage, artifact: Artifact, name: str, data: bytes) -> Artifact:
    """Writes a file anew, and what the manifest says of it; returns the artefact as it is now."""
    folder = artifact.base.rpartition("/")[0]
    artifact = open_artifact(storage, folder)  # it may have been changed before
    entry = FileEntry(sha256=sha256(data), num_bytes=len(data))
    storage.write(f"{artifact.base}/{name}", data)
    change_manifest(storage, artifact, files={**artifact.manifest.files, name: entry})
    return open_artifact(storage, folder)


def change_manifest(storage: Storage, artifact: Artifact, **changes: Any) -> None:
    """Writes the manifest anew, and the hash in run.json."""
    manifest = artifact.manifest.model_copy(update=changes).to_bytes()
    run = json.loads(storage.read(f"{artifact.base}/run.json"))
    run["manifest_sha256"] = sha256(manifest)
    storage.write(f"{artifact.base}/run.json", json.dumps(run).encode())
    storage.write(f"{artifact.base.rpartition('/')[0]}/manifest.json", manifest)
