"""The files of one artefact, read only if their bytes are those that its manifest names.

There is no other way to them: who reads a part of a file, or lets an engine read files by their
paths, has the whole file checked first, block by block, once per process.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphrec_core.errors import DamagedError, LakeError
from graphrec_core.lake.guarded_file import GuardedFile
from graphrec_core.lake.manifest import FileEntry
from graphrec_core.lake.storage import FileStat, Storage

_found: dict[FileStat, str] = {}
"""The sha256 of files that this process has read; a file that changes has another stat."""


@dataclass(frozen=True)
class CheckedFiles:
    """The files of a committed artefact, or those that an attempt has written so far.

    Attributes:
        owner: What they belong to, as messages name it.
        entries: What is known of them, by path relative to their folder.
    """

    owner: str
    _storage: Storage
    _base: str
    entries: Mapping[str, FileEntry]

    def entry(self, name: str) -> FileEntry:
        """Returns what the manifest says of a file.

        Raises:
            LakeError: There is no such file.
        """
        if name not in self.entries:
            raise LakeError(
                must=f"{self.owner} must hold {name}.",
                found=f"{len(self.entries)} other files",
                fix="Check the region and node type; `graphrec status` lists what there is.",
            )
        return self.entries[name]

    def read(self, name: str) -> bytes:
        """Reads a file.

        Raises:
            DamagedError: The file is missing or damaged.
            LakeError: It cannot be read.
        """
        self.entry(name)
        data = self._storage.find(self._path(name))
        if data is None:
            raise self._damage(name, "must exist", "no such file")
        self._compare(name, hashlib.sha256(data).hexdigest())
        return data

    def open(self, name: str) -> GuardedFile:
        """Opens a file for reading at any offset, once all of it has been checked.

        Raises:
            DamagedError: The file is missing or damaged.
            LakeError: It cannot be read.
        """
        self.check([name])
        return self._storage.open(self._path(name))

    def uri(self, folder: str) -> str:
        """Returns the URI of a folder for an engine, once all its files have been checked.

        Raises:
            DamagedError: A file is missing, damaged or not of the artefact.
            LakeError: It cannot be read.
        """
        names = [name for name in self.entries if name.startswith(f"{folder}/")]
        self.check(names)
        start = len(self._base) + 1
        found = {path[start:] for path in self._storage.files(self._path(folder))}
        if others := sorted(name for name in found - set(names) if "/." not in name):
            raise self._damage(folder, "must hold the manifest's files alone", others[0])
        return self._storage.uri(self._path(folder))

    def link(self, name: str, path: str) -> FileEntry:
        """Makes ``path`` the same file, once it has been checked, and says what it is.

        Raises:
            DamagedError: The file is missing or damaged.
            LakeError: It cannot be read.
        """
        self.check([name])
        self._storage.link(self._path(name), path)
        return self.entries[name]

    def check(self, names: Iterable[str] | None = None) -> None:
        """Checks the sha256 of files, all or those named, unless this process did so before.

        Raises:
            DamagedError: A file is missing or damaged.
            LakeError: It cannot be read.
        """
        for name in self.entries if names is None else names:
            self.entry(name)
            stat = self._storage.stat(self._path(name))
            if stat is None:
                raise self._damage(name, "must exist", "no such file")
            if stat not in _found:
                _found[stat] = self._storage.sha256(self._path(name))
            self._compare(name, _found[stat])

    def check_sizes(self) -> None:
        """Checks that every file is there and has its size; reads none of them.

        Raises:
            DamagedError: A file is missing, or longer or shorter than it was.
        """
        stats = self._storage.stats(self._base)
        for name, entry in self.entries.items():
            stat = stats.get(self._path(name))
            if stat is None or stat.num_bytes != entry.num_bytes:
                found = "no such file" if stat is None else f"{stat.num_bytes} bytes"
                raise self._damage(name, f"must have {entry.num_bytes} bytes", found)

    def _compare(self, name: str, found: str) -> None:
        if found != self.entries[name].sha256:
            raise self._damage(name, f"must have the sha256 {self.entries[name].sha256}", found)

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}"

    def _damage(self, name: str, must: str, found: str) -> DamagedError:
        return DamagedError(
            must=f"{name} of {self.owner} {must}.",
            found=f"{found}, below {self._storage.uri(self._base)}",
            fix="Restore the file from a backup, or remove the folder above this one "
            "and run the step again.",
        )
