"""Bytes in and out of one root, a local folder or any fsspec URI, and nothing else."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from graphrec_core.errors import ConfigError, ConflictError, LakeError
from graphrec_core.lake.conditional import creates_at_once, has_versions, put_if, version


class Storage:
    """A file system rooted at one URI; all paths given to it are relative, with slashes.

    Args:
        root: A local folder or a URI that fsspec understands.

    Raises:
        ConfigError: No file system is installed for the URI's protocol.
    """

    def __init__(self, root: str) -> None:
        try:
            # Another process may have written since a listing: never answer from a cache.
            fs, path = url_to_fs(root, use_listings_cache=False)
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
            raise self._missing(path) from error

    def open(self, path: str) -> Any:  # noqa: ANN401  (fsspec's file objects have no common type)
        """Opens a file for reading bytes, at any offset; only what is read is fetched.

        Raises:
            LakeError: There is no such file.
        """
        try:
            return self._fs.open(self._full(path), "rb", cache_type="none")
        except FileNotFoundError as error:
            raise self._missing(path) from error

    def write(self, path: str, data: bytes) -> None:
        """Writes a whole file; it becomes visible complete or not at all."""
        if not self.is_local:
            self._fs.pipe_file(self._full(path), data)
            return
        with self.create(path) as file:
            file.write(data)

    @contextmanager
    def create(self, path: str) -> Iterator[Any]:
        """Opens a file for writing bytes as they come.

        It becomes visible, complete, at the end of the block; a block that raises leaves nothing.
        """
        if not self.is_local:
            with self._upload(path) as file:
                yield file
            return
        with self._temporary(path) as temporary:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._full(path))
        _sync(Path(self._full(path)).parent)

    def write_if_absent(self, path: str, data: bytes) -> bool:
        """Writes a whole file unless one is there; of several writers exactly one wins.

        Returns:
            Whether this call wrote it.

        Raises:
            ConfigError: The file system cannot tell who was first.
        """
        if not self.is_local:
            return self._put_if_absent(path, data)
        with self._temporary(path) as temporary:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, self._full(path))
            except FileExistsError:
                return False
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

    def link(self, source: str, path: str) -> None:
        """Makes ``path`` the same file as ``source``, which is never written again.

        A hard link where that is allowed, else a copy, made by the store itself if it can.
        """
        if not self.is_local:
            self._fs.cp_file(self._full(source), self._full(path))
            return
        with self._temporary(path) as temporary:
            try:
                os.link(self._full(source), temporary)
                # An old time would make a running attempt look abandoned.
                os.utime(temporary)
            except OSError:
                shutil.copyfile(self._full(source), temporary)
            temporary.replace(self._full(path))
        _sync(Path(self._full(path)).parent)

    @contextmanager
    def swap(self, path: str) -> Iterator[Callable[[bytes], None]]:
        """Changes a file by what it says: a compare-and-swap.

        Read the file within the block. A local folder is locked meanwhile, by a lock that dies
        with the process; S3 is told to write only over the version that was there first.

        Yields:
            What writes the file, once.

        Raises:
            ConfigError: The file system has neither locks nor conditional puts.
            ConflictError: Somebody else is changing the file, or has since the block began.
        """
        if self.is_local:
            with self._lock(f"{path}.lock"):
                yield lambda data: self.write(path, data)
        elif has_versions(self._fs):
            expected = version(self._fs, self._full(path))
            yield lambda data: self._put_over(path, data, expected)
        else:
            raise self._unconditional(path)

    @contextmanager
    def _lock(self, path: str) -> Iterator[None]:
        Path(self._full(path)).parent.mkdir(parents=True, exist_ok=True)
        with Path(self._full(path)).open("wb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self._conflict(f"{self.uri(path)} is locked") from error
            yield

    def _put_over(self, path: str, data: bytes, expected: str | None) -> None:
        if put_if(self._fs, self._full(path), data, expected):
            return
        # A put whose answer was lost is sent again, and then finds its own work.
        if not self.exists(path) or self.read(path) != data:
            raise self._conflict(f"{self.uri(path)} has changed meanwhile")

    def _put_if_absent(self, path: str, data: bytes) -> bool:
        if has_versions(self._fs):
            return put_if(self._fs, self._full(path), data, None)
        if not creates_at_once(self._fs):
            raise self._unconditional(path)
        try:
            self._fs.pipe_file(self._full(path), data, mode="create")
        except FileExistsError:
            return False
        return True

    @contextmanager
    def _temporary(self, path: str) -> Iterator[Path]:
        """Names a hidden file beside ``path``; what is there at the end is removed."""
        target = Path(self._full(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}"
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _upload(self, path: str) -> Iterator[Any]:
        file = self._fs.open(self._full(path), "wb", autocommit=False)
        try:
            yield file
            file.close()
            file.commit()
        except BaseException:
            file.discard()
            file.closed = True  # or its destructor would try to upload the rest
            raise

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _missing(self, path: str) -> LakeError:
        return LakeError(
            must=f"{self.uri(path)} must exist.",
            found="no such file",
            fix="Run the step that writes it, or check lake.root.",
        )

    def _conflict(self, found: str) -> ConflictError:
        return ConflictError(
            must="One writer at a time may change the live pointer.",
            found=found,
            fix="Run the step again when the other run has ended.",
        )

    def _unconditional(self, path: str) -> ConfigError:
        return ConfigError(
            must="The lake needs a store that writes a file only if nobody else did: a folder, "
            "local or mounted, or S3.",
            found=self.uri(path),
            fix="Set lake.root to a folder that every worker mounts, or to s3://bucket/prefix.",
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
