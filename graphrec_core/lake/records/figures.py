"""What a manifest's figures are: a frozen model per step, parsed when read."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from graphrec_core.config.steps import StepName


class Record(BaseModel):
    """Frozen values that are stored as JSON; a key that is not known is not looked at.

    An unknown key is one of another version. A missing one needs a default, so that what an older
    version wrote stays readable.

    Attributes:
        unstored_defaults: Fields that are stored only where they differ from their default.
    """

    model_config = ConfigDict(frozen=True)
    unstored_defaults: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = write(self)
        fields = type(self).model_fields
        usual = {
            name
            for name in self.unstored_defaults
            if getattr(self, name) == fields[name].get_default(call_default_factory=True)
        }
        return {name: value for name, value in data.items() if name not in usual}

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values by key."""
        return self.model_dump(mode="json")


class Figures(Record):
    """What one step's manifest says of the result: its ``stats``.

    Attributes:
        step: The step that commits them.
        shown: Those that the step's command prints.
    """

    step: ClassVar[StepName]
    shown: ClassVar[tuple[str, ...]] = ()


def figures_of(step: str) -> type[Figures]:
    """Returns the model of a step's figures, which whoever makes or reads its result imported.

    Raises:
        LookupError: There is none.
    """
    for kind in Figures.__subclasses__():
        if kind.step == step:
            return kind
    raise LookupError(f"no figures of {step} are known")
