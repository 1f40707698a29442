"""The file that keeps what a search tried: Optuna's journal, a line an operation."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from graphrec_core.errors import ConfigError
from graphrec_core.lake.local_disk import lock

OPERATION = "op_code"
"""What every line has."""
OTHER_FILE = "Name another file with --study FILE."


def open_trials(file: Path) -> JournalStorage:
    """Opens the file, or makes it.

    Raises:
        ConfigError: It cannot be written, or holds something else.
    """
    _require_trials(file)
    try:
        return JournalStorage(JournalFileBackend(str(file)))
    except (KeyError, TypeError, ValueError) as error:
        raise _no_trials(file, f"a damaged one ({error})") from error


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Keeps other calls from the file until the block ends, or the process.

    Raises:
        ConfigError: Another call is at work.
    """
    try:
        handle = lock(file, fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            must="One call at a time goes on with a study.",
            found=f"another one is at work on {file}",
            fix=f"Wait until it ends. {OTHER_FILE}",
        ) from error
    with handle:
        yield


def _require_trials(file: Path) -> None:
    found = "another file"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+", encoding="utf-8") as opened:
            opened.seek(0)
            first = opened.readline()
        if not first or OPERATION in dict(json.loads(first)):
            return
    except OSError as error:
        found = error.strerror or str(error)
    except (TypeError, ValueError):
        pass
    raise _no_trials(file, found)


def _no_trials(file: Path, found: str) -> ConfigError:
    return ConfigError(
        must=f"{file} must be a file of trials, or a new one.", found=found, fix=OTHER_FILE
    )
