"""Every error graphrec raises on purpose, and the exit code each one ends a step with.

GraphrecError                     1  a fault: retry may help
├── LakeError                     1  an artefact is missing, damaged, or changed under us
│   ├── AbsentError               2  what was asked for was never written to the lake
│   ├── ConflictError             1  somebody else wrote first
│   ├── DamagedError              1  a file is gone, or is not what was written there
│   └── UnavailableError          1  a live region's shard cannot be read
├── NotReadyError                 1  the source has not arrived yet
├── ConfigError                   2  configuration or usage
│   └── UnreadableSourceError     2  a configured URI cannot be read
└── RefusedError                  3  refused by data checks or by the gate: no retry
    ├── SchemaError               3  a table lacks a column or has one of a wrong type
    ├── EmptyTableError           3  a table, a window or a whole snapshot holds no rows
    ├── BadRowsError              3  more rows broke a rule than the configured share
    ├── ExpectationError          3  a great-expectations suite failed
    ├── LeakageError              3  the audit found something from the future
    ├── HistoryChangedError       3  rows known then are not the rows known then any more
    ├── GateRefusedError          3  the gate refused at least one region
    └── NotLiveError              3  a release is stored, and something holds it back
"""

from graphrec_core.redaction import redact


class GraphrecError(Exception):
    """Base of all errors raised on purpose; its message holds no secret.

    Args:
        must: What must hold.
        found: What was found instead.
        fix: What the reader should do now.
    """

    exit_code = 1

    def __init__(self, *, must: str, found: str, fix: str) -> None:
        self.must, self.found, self.fix = redact(must), redact(found), redact(fix)
        super().__init__(f"{self.must}\n  found: {self.found}\n  to do: {self.fix}")


class LakeError(GraphrecError):
    """An artefact of the lake is missing or damaged."""


class AbsentError(LakeError):
    """What was asked for was never written: an earlier step has not run, or nothing is live."""

    exit_code = 2


class ConflictError(LakeError):
    """Another writer changed the same object first."""


class DamagedError(LakeError):
    """A file of the lake is gone, or is not what was written there."""


class UnavailableError(LakeError):
    """A live region cannot answer: its shard is missing or damaged."""


class NotReadyError(GraphrecError):
    """The source is not ready for this day yet."""


class ConfigError(GraphrecError):
    """Configuration or usage is wrong."""

    exit_code = 2


class UnreadableSourceError(ConfigError):
    """A configured URI cannot be read."""


class RefusedError(GraphrecError):
    """Refused by data checks or by the gate; a retry cannot help."""

    exit_code = 3


class SchemaError(RefusedError):
    """A canonical table lacks a column, or a column has a wrong type."""


class EmptyTableError(RefusedError):
    """A table, a window or a snapshot holds no rows."""


class BadRowsError(RefusedError):
    """More rows broke a rule than the configured share allows."""


class ExpectationError(RefusedError):
    """A great-expectations suite failed on the accepted rows."""


class LeakageError(RefusedError):
    """The leakage audit found rows that know the future."""


class HistoryChangedError(RefusedError):
    """The source has other rows for a past day than those that its snapshot was built from."""


class GateRefusedError(RefusedError):
    """The gate refused at least one region."""


class NotLiveError(RefusedError):
    """A release is stored, and something that only a person can change holds it back."""
