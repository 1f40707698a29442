"""Whether a release may go live."""

from typing import Literal

from pydantic import Field

from graphrec_core.config.base import Section


class PublishConfig(Section):
    """Whether a release may go live."""

    mode: Literal["auto", "never", "force"] = Field(
        "auto",
        description="auto: the gate decides; never: release only; force: ignore the gate.",
    )
    forced_by: str = Field(
        "", description="Who forces; needed with force or a looser gate than here, recorded."
    )
    forced_why: str = Field("", description="Why; needed and recorded likewise.")

    @property
    def is_named(self) -> bool:
        """Whether it says who and why, in words."""
        texts = self.forced_by, self.forced_why
        return all(any(character.isalnum() for character in text) for text in texts)
