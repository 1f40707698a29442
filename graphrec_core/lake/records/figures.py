"""What a manifest's figures are: a frozen model per step, parsed when read."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Frozen values that are stored as JSON; a key that is not known is not looked at.

    An unknown key is one of another version. A missing one needs a default, so that what an older
    version wrote stays readable.
    """

    model_config = ConfigDict(frozen=True)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values by key."""
        return self.model_dump(mode="json")


class Figures(Record):
    """What one step's manifest says of the result: its ``stats``."""
