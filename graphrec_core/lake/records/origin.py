"""What vectors were computed from: carried by the tables, kept in the embedding's manifest."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import pyarrow as pa

from graphrec_core.errors import LeakageError
from graphrec_core.types import View

KEY = b"graphrec.origin"


@dataclass(frozen=True)
class VectorOrigin:
    """Where vectors come from.

    Attributes:
        snapshot: Id of the snapshot whose graph was encoded.
        view: The view of it that was encoded.
        model: Id of the model.
        trained_on: The view that the model's weights were trained on.
    """

    snapshot: str
    view: str
    model: str
    trained_on: str = View.TRAIN.value

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """Makes it from a manifest's values; what is missing is ``unknown``."""
        return cls(**{name: values.get(name, "unknown") for name in cls.__dataclass_fields__})

    @classmethod
    def stamped(cls, table: pa.Table) -> Self:
        """Reads the origin that a table in memory carries."""
        return cls.of(json.loads((table.schema.metadata or {}).get(KEY, b"{}")))

    def stamp(self, table: pa.Table) -> pa.Table:
        """Returns the table with this origin in its schema's metadata; files do not keep it."""
        return table.replace_schema_metadata({KEY: json.dumps(self.to_json())})

    def to_json(self) -> dict[str, str]:
        """Returns plain values for a manifest."""
        return {name: str(value) for name, value in asdict(self).items()}

    def require(self, found: Self, where: str) -> None:
        """Refuses vectors of another origin.

        Args:
            found: The origin that the vectors claim.
            where: Names what claims it.

        Raises:
            LeakageError: The origin is another one.
        """
        if found != self:
            raise LeakageError(
                must=f"Evaluation must use what is of the train view ({self}): vectors and lists "
                "of the serve view have seen the holdout, those of the fit view are a horizon "
                "old.",
                found=f"{where}: {found}",
                fix="Evaluate what generate-embeddings --view train wrote: remove the artefact "
                "and run that step again, and train-model before it if its weights are wrong.",
            )

    def __str__(self) -> str:
        return (
            f"{self.view} view of snapshot {self.snapshot}, by weights of model {self.model} "
            f"trained on the {self.trained_on} view"
        )
