"""The lake: every artefact, one layout, committed whole or not at all."""

from graphrec_core.lake.artifact import Artifact, find_artifact, open_artifact, ran_last
from graphrec_core.lake.attempt import Attempt, attempt
from graphrec_core.lake.identity import artifact_id
from graphrec_core.lake.lake import Lake
from graphrec_core.lake.layout import Layout
from graphrec_core.lake.manifest import FileEntry, Manifest
from graphrec_core.lake.storage import Storage

__all__ = [
    "Artifact",
    "Attempt",
    "FileEntry",
    "Lake",
    "Layout",
    "Manifest",
    "Storage",
    "artifact_id",
    "attempt",
    "find_artifact",
    "open_artifact",
    "ran_last",
]
