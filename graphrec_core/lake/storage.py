"""Bytes in and out of one root, a local folder or any fsspec URI, and nothing else."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from graphrec_core.errors import ConfigError, ConflictError, LakeError


class Storage:
    """A file system rooted at one URI; all paths given to it are relative, with slashes.

    Args:
        root: A local folder or a URI that fsspec understands.

    Raises:
        ConfigError: No file system is installed for the URI's protocol.
    """

    def __init__(self, root: str) -> None:
        try:
            fs, path = url_to_fs(root)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                must="lake.root must be a folder or a URI that fsspec can open.",
                found=f"{root!r}: {error}",
                fix="Use a local folder, or install the fsspec package for this protocol.",
            ) from error
        self._fs: fsspec.AbstractFileSystem = fs
        self._root = path.rstrip("/")
        self.is_local = isinstance(fs, LocalFileSystem)

    def uri(self, path: str) -> str:
        """Returns the full URI of ``path``, as Spark and other programs understand it."""
        return str(self._fs.unstrip_protocol(self._full(path)))

    def exists(self, path: str) -> bool:
        """Tells whether a file or folder is there."""
        return bool(self._fs.exists(self._full(path)))

    def read(self, path: str) -> bytes:
        """Reads a whole file.

        Raises:
            LakeError: There is no such file.
        """
        try:
            return bytes(self._fs.cat_file(self._full(path)))
        except FileNotFoundError as error:
            raise LakeError(
                must=f"{self.uri(path)} must exist.",
                found="no such file",
                fix="Run the step that writes it, or check lake.root.",
            ) from error

    def open(self, path: str) -> Any:  # noqa: ANN401  (fsspec's file objects have no common type)
        """Opens a file for reading bytes."""
        return self._fs.open(self._full(path), "rb")

    def write(self, path: str, data: bytes) -> None:
        """Writes a whole file; it becomes visible complete or not at all."""
        if not self.is_local:
            self._fs.pipe_file(self._full(path), data)
            return
        temporary = self._write_temporary(path, data)
        temporary.replace(self._full(path))
        _sync(Path(self._full(path)).parent)

    def write_if_absent(self, path: str, data: bytes) -> bool:
        """Writes a whole file unless one is there; of several writers exactly one wins.

        Returns:
            Whether this call wrote it.
        """
        if not self.is_local:
            try:
                self._fs.pipe_file(self._full(path), data, mode="create")
            except FileExistsError:
                return False
            return True
        temporary = self._write_temporary(path, data)
        try:
            os.link(temporary, self._full(path))
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        _sync(Path(self._full(path)).parent)
        return True

    def files(self, path: str) -> list[str]:
        """Lists all files below ``path``, relative to the root, sorted; none if it is absent."""
        found = self._fs.find(self._full(path))
        return sorted(str(name)[len(self._root) + 1 :] for name in found)

    def folders(self, path: str) -> list[str]:
        """Lists the names of the folders directly in ``path``, sorted; none if it is absent."""
        if not self._fs.isdir(self._full(path)):
            return []
        rows = self._fs.ls(self._full(path), detail=True)
        return sorted(row["name"].rsplit("/", 1)[-1] for row in rows if row["type"] == "directory")

    def modified_s(self, path: str) -> float:
        """Returns when a file was last written, in seconds since the epoch."""
        return float(self._fs.modified(self._full(path)).timestamp())

    def remove(self, path: str) -> None:
        """Removes a file or a whole folder; an absent one is no error."""
        if self.exists(path):
            self._fs.rm(self._full(path), recursive=True)

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """Holds an exclusive lock that dies with the process.

        Raises:
            ConfigError: The root is not a local folder.
            ConflictError: Somebody else holds the lock.
        """
        if not self.is_local:
            raise ConfigError(
                must="The live pointer needs a compare-and-swap, which this version has for "
                "local and network folders.",
                found=self.uri(path),
                fix="Set lake.root to a folder that every worker mounts.",
            )
        self._fs.makedirs(self._parent(path), exist_ok=True)
        with Path(self._full(path)).open("wb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConflictError(
                    must="One writer at a time may change the live pointer.",
                    found=f"{self.uri(path)} is locked",
                    fix="Run the step again when the other run has ended.",
                ) from error
            yield

    def _write_temporary(self, path: str, data: bytes) -> Path:
        target = Path(self._full(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}"
        with temporary.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        return temporary

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _parent(self, path: str) -> str:
        return self._full(path).rsplit("/", 1)[0]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
