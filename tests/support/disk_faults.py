"""A disk that fails: the calls that reach the system below one folder raise what a disk raises.

Nothing of the library is replaced. The calls are counted, so that a test can first see how many
there are and then let any one of them fail.
"""

import builtins
import errno
import fcntl
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ERRNOS = (errno.EIO, errno.EACCES, errno.ESTALE, errno.ENOSPC, errno.ETIMEDOUT)
CALLS = (
    "stat",
    "scandir",
    "link",
    "replace",
    "unlink",
    "remove",
    "rmdir",
    "mkdir",
    "fsync",
    "open",
)


class DiskFaults:
    """Counts the system calls below a folder, and lets some of them fail.

    Attributes:
        num_calls: Calls since ``arm``.
        log: What they were.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._first, self._last = str(root), -1, -1
        self._errno, self._is_after = errno.EIO, False
        self.num_calls = 0
        self.log: list[str] = []

    def arm(self, first: int = -1, length: int = 1, number: int = errno.EIO) -> None:
        """Counts anew; from the call ``first`` on, ``length`` calls raise the error ``number``."""
        self.num_calls, self.log = 0, []
        self._first, self._last, self._errno = first, first + length - 1, number

    def look(self, name: str, path: object) -> None:
        """Counts one call and raises if it is to fail."""
        text = str(path)
        if text.startswith("/") and not text.startswith(self._root):
            return  # relative paths are those of a folder that is being removed
        self.log.append(f"{name} {path}")
        self.num_calls += 1
        if self._first <= self.num_calls - 1 <= self._last:
            raise OSError(self._errno, os.strerror(self._errno), str(path))


class _File:
    """A file whose writes may be cut short by an error."""

    def __init__(self, faults: DiskFaults, path: object, file: Any) -> None:
        self._faults, self._path, self._file = faults, path, file

    def write(self, data: Any) -> int:
        try:
            self._faults.look("write", self._path)
        except OSError:
            self._file.write(bytes(data)[: len(data) // 2])
            self._file.flush()
            raise
        return int(self._file.write(data))

    def read(self, *size: int) -> Any:
        self._faults.look("read", self._path)
        return self._file.read(*size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def disk_faults(root: Path) -> Iterator[DiskFaults]:
    """Puts the failing disk below ``root`` until the block ends; it fails once it is armed."""
    faults = DiskFaults(root)

    def failing(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(path: Any = ".", *others: Any, **options: Any) -> Any:
            faults.look(name, path)
            return call(path, *others, **options)

        return run

    def failing_open(path: Any, *others: Any, **options: Any) -> Any:
        if not str(path).startswith(str(root)):
            return real_open(path, *others, **options)
        faults.look("open", path)
        return _File(faults, path, real_open(path, *others, **options))

    real_open = builtins.open
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, failing(name, getattr(os, name)))
        patch.setattr(fcntl, "flock", failing("flock", fcntl.flock))
        patch.setattr(io, "open", failing_open)
        patch.setattr(builtins, "open", failing_open)
        yield faults
