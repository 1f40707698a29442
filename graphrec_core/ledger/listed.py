"""The names of the catalogue: a release's day and id, so that they sort by time."""

import re
from dataclasses import dataclass
from typing import Self

from graphrec_core.types import ArtifactId

NAME = re.compile(r"(\d{8}T\d{6}Z)_([0-9a-f]+)(_anew)?")
MONTH = len("202609")


@dataclass(frozen=True, order=True)
class Listed:
    """A release as the catalogue names it.

    Attributes:
        as_of: Its day, as ``20100901T000000Z``.
        release_id: Its id.
        starts_anew: Whether what came before it is forgotten, in the region that names it.
    """

    as_of: str
    release_id: ArtifactId
    starts_anew: bool = False

    @property
    def month(self) -> str:
        """Year and month, as ``201009``."""
        return self.as_of[:MONTH]

    def __str__(self) -> str:
        return f"{self.as_of}_{self.release_id}{'_anew' if self.starts_anew else ''}"

    @classmethod
    def read(cls, name: str) -> Self | None:
        """Reads a name; None where it is not one of the catalogue's."""
        match = NAME.fullmatch(name)
        return cls(match[1], ArtifactId(match[2]), match[3] is not None) if match else None
