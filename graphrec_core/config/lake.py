"""Where artefacts are stored."""

from pydantic import Field, field_validator

from graphrec_core.config.base import Section

MAX_ROOT = 400
"""Bytes of ``lake.root``: the longest key of a lake stays below the 1,024 that S3 has."""


class LakeConfig(Section):
    """Where artefacts are stored."""

    root: str = Field("lake", min_length=1, description="Folder or fsspec URI of the lake.")

    @field_validator("root")
    @classmethod
    def _leaves_room_for_paths(cls, root: str) -> str:
        if len(root.encode()) > MAX_ROOT:
            raise ValueError(f"must not be longer than {MAX_ROOT} bytes")
        return root
