"""Bytes in and out of one root, a local folder or any fsspec URI, and nothing else."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from graphrec_core.errors import ConfigError, ConflictError, GraphrecError, LakeError
from graphrec_core.lake.conditional import creates_at_once, has_versions, put_if, version
from graphrec_core.lake.guarded_file import GuardedFile
from graphrec_core.lake.listing import (
    NOTHING_THERE,
    Info,
    files_below,
    find_info,
    list_folder,
)
from graphrec_core.lake.local_disk import check_folder, lock, sync_folder, to_disk


@dataclass(frozen=True)
class FileStat:
    """What a file system says of a file without reading it.

    Attributes:
        num_bytes: Its size.
        modified_s: When it was last written, in seconds since the epoch, by the store's clock.
        mark: Differs between two contents: an inode and its time, or a store's ETag.
    """

    num_bytes: int
    modified_s: float
    mark: str


class Storage:
    """A file system rooted at one URI; all paths given to it are relative, with slashes.

    Only "not found" means that something is absent. Whatever else the file system answers is a
    fault, a LakeError of any method, and never an empty answer.

    Args:
        root: A local folder or a URI that fsspec understands.

    Raises:
        ConfigError: No file system is installed for the URI's protocol, or a file is in the way.
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
        if self.is_local:
            with self._faults(""):
                check_folder(Path(path))

    def uri(self, path: str) -> str:
        """Returns the full URI of ``path``, as Spark and other programs understand it."""
        return str(self._fs.unstrip_protocol(self._full(path)))

    def exists(self, path: str) -> bool:
        """Tells whether a file or folder is there."""
        with self._faults(path):
            return find_info(self._fs, self._full(path)) is not None

    def read(self, path: str) -> bytes:
        """Reads a whole file.

        Raises:
            LakeError: There is no such file, or it cannot be read.
        """
        data = self.find(path)
        if data is None:
            raise self._missing(path)
        return data

    def find(self, path: str) -> bytes | None:
        """Reads a whole file; None where there is none.

        Raises:
            LakeError: It is not known whether there is one, or it cannot be read.
        """
        with self._faults(path):
            try:
                return bytes(self._fs.cat_file(self._full(path)))
            except NOTHING_THERE:
                return None

    def open(self, path: str) -> GuardedFile:
        """Opens a file for reading bytes, at any offset; only what is read is fetched.

        Raises:
            LakeError: There is no such file, or it cannot be read.
        """
        with self._faults(path):
            try:
                file = self._fs.open(self._full(path), cache_type="none")
            except NOTHING_THERE as error:
                raise self._missing(path) from error
        return GuardedFile(file, lambda: self._faults(path))

    def sha256(self, path: str) -> str:
        """Reads a file block by block and returns its sha256 in hexadecimal digits.

        Raises:
            LakeError: There is no such file, or it cannot be read.
        """
        with self.open(path) as file:
            return str(file.sha256())

    def write(self, path: str, data: bytes) -> None:
        """Writes a whole file; it becomes visible complete or not at all."""
        if self.is_local:
            with self.create(path) as file:
                file.write(data)
            return
        with self._faults(path), self._bucket_faults():
            self._fs.pipe_file(self._full(path), data)

    def write_all(self, files: Mapping[str, bytes]) -> None:
        """Writes whole files by path, in no order; at an error some of them may be written."""
        if self.is_local:
            for path, data in files.items():
                self.write(path, data)
            return
        with self._faults(""), self._bucket_faults():
            self._fs.pipe({self._full(path): data for path, data in files.items()})

    @contextmanager
    def create(self, path: str) -> Iterator[Any]:
        """Opens a file for writing bytes as they come.

        It becomes visible, complete, at the end of the block; a block that raises leaves nothing.
        """
        with (self._write_beside if self.is_local else self._upload)(path) as file:
            yield GuardedFile(file, lambda: self._faults(path))

    def write_if_absent(self, path: str, data: bytes) -> bool:
        """Writes a whole file unless one is there; of several writers exactly one wins.

        Returns:
            Whether this call wrote it.

        Raises:
            ConfigError: The file system cannot tell who was first.
        """
        with self._faults(path):
            if not self.is_local:
                return self._put_if_absent(path, data)
            with self._temporary(path) as temporary, lock(temporary) as file:
                file.write(data)
                to_disk(file)
                try:
                    os.link(temporary, self._full(path))
                except FileExistsError:
                    return False
            sync_folder(Path(self._full(path)).parent)
            return True

    def files(self, path: str) -> list[str]:
        """Lists all files below ``path``, relative to the root, sorted; none if it is absent."""
        return sorted(self.stats(path))

    def stats(self, path: str) -> dict[str, FileStat]:
        """Describes all files below ``path``, by path relative to the root; none if absent."""
        with self._faults(path):
            found = files_below(self._fs, self._full(path))
            return {name[len(self._root) + 1 :]: self._stat(info) for name, info in found.items()}

    def stat(self, path: str) -> FileStat | None:
        """Describes a file; None where there is none."""
        with self._faults(path):
            info = find_info(self._fs, self._full(path))
            return None if info is None else self._stat(info)

    def folders(self, path: str) -> list[str]:
        """Lists the names of the folders directly in ``path``, sorted; none if it is absent."""
        with self._faults(path):
            rows = list_folder(self._fs, self._full(path))
        return sorted(
            row["name"].rstrip("/").rsplit("/", 1)[-1]
            for row in rows
            if row["type"] == "directory"
        )

    def remove(self, path: str) -> None:
        """Removes a file or a whole folder; an absent one is no error."""
        full = self._full(path)
        with self._faults(path):
            if (found := find_info(self._fs, full)) is None:
                return
            try:
                self._fs.rm(full, recursive=found["type"] == "directory")
            except NOTHING_THERE:
                if find_info(self._fs, full) is not None:  # only a part of it was gone
                    raise

    def link(self, source: str, path: str) -> None:
        """Makes ``path`` the same file as ``source``, which is never written again.

        A hard link where that is allowed, else a copy, made by the store itself if it can.
        """
        with self._faults(path):
            if not self.is_local:
                self._fs.cp_file(self._full(source), self._full(path))
                return
            with self._temporary(path) as temporary:
                try:
                    os.link(self._full(source), temporary)
                except OSError:
                    shutil.copyfile(self._full(source), temporary)
                temporary.replace(self._full(path))
            sync_folder(Path(self._full(path)).parent)

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
            with self.locked(f"{path}.lock"):
                yield lambda data: self.write(path, data)
        elif has_versions(self._fs):
            with self._faults(path):
                expected = version(self._fs, self._full(path))
            yield lambda data: self._put_over(path, data, expected)
        else:
            raise self._unconditional(path)

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Locks a file of a local folder; the lock dies with the process, the file with the lock.

        Raises:
            ConflictError: Somebody else has the lock.
        """
        with self._faults(path):
            try:
                handle = lock(Path(self._full(path)), fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self._conflict(f"{self.uri(path)} is locked") from error
        with handle:
            try:
                yield
            finally:
                with suppress(OSError):  # a lock file that nobody holds is free
                    Path(self._full(path)).unlink()

    def _put_over(self, path: str, data: bytes, expected: str | None) -> None:
        with self._faults(path):
            if put_if(self._fs, self._full(path), data, expected):
                return
        # A put whose answer was lost is sent again, and then finds its own work.
        if self.find(path) != data:
            raise self._conflict(f"{self.uri(path)} has changed meanwhile")

    def _put_if_absent(self, path: str, data: bytes) -> bool:
        if has_versions(self._fs):
            with self._bucket_faults():
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
        """Names a hidden file beside ``path``; what is there at the end is removed.

        Its writer locks it, so that ``sweep`` can tell it from a dead writer's.
        """
        target = Path(self._full(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}"
        try:
            yield temporary
        finally:
            with self._faults(path):
                temporary.unlink(missing_ok=True)

    @contextmanager
    def _write_beside(self, path: str) -> Iterator[Any]:
        with ExitStack() as stack:
            with self._faults(path):
                temporary = stack.enter_context(self._temporary(path))
                file = stack.enter_context(lock(temporary))
            yield file
            with self._faults(path):
                to_disk(file)
                temporary.replace(self._full(path))
                sync_folder(temporary.parent)

    @contextmanager
    def _upload(self, path: str) -> Iterator[Any]:
        with self._faults(path), self._bucket_faults():
            file = self._fs.open(self._full(path), "wb", autocommit=False)
        try:
            yield file
            with self._faults(path), self._bucket_faults():
                file.close()
                file.commit()
        except BaseException:
            file.discard()
            file.closed = True  # or its destructor would try to upload the rest
            raise

    def _stat(self, info: Info) -> FileStat:
        if self.is_local:
            mark = f"{info['ino']} {info['mtime']}"
            return FileStat(info["size"], info["mtime"], mark)
        modified = info.get("LastModified") or info["created"]
        mark = f"{self._fs.unstrip_protocol(info['name'])} {info.get('ETag', modified)}"
        return FileStat(info["size"], modified.timestamp(), mark)

    @contextmanager
    def _faults(self, path: str) -> Iterator[None]:
        """Turns whatever a file system raises into a LakeError; stores have many kinds."""
        try:
            yield
        except GraphrecError:
            raise
        except Exception as error:
            raise LakeError(
                must=f"The storage must answer for {self.uri(path)}.",
                found=f"{type(error).__name__}: {error}",
                fix="Check the disk, the network and the rights, and run it again: "
                "nothing that was committed has changed.",
            ) from error

    @contextmanager
    def _bucket_faults(self) -> Iterator[None]:
        """Says that a store's bucket is missing: that is what it lacks when it is written to."""
        try:
            yield
        except FileNotFoundError as error:
            raise ConfigError(
                must="The bucket or container of lake.root must exist.",
                found=f"{self.uri('')}: {error}",
                fix="Make it, or check lake.root.",
            ) from error

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
            must="One process at a time may change what it reads.",
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
