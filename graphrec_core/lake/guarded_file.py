"""An open file whose own errors are faults of the lake; those of its reader or writer are not."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Self

BLOCK_BYTES = 2**23


class GuardedFile:
    """An open file whose errors are LakeErrors; otherwise as fsspec's.

    Args:
        file: fsspec's file.
        faults: Makes the context that turns errors into LakeErrors.
    """

    def __init__(self, file: Any, faults: Callable[[], AbstractContextManager[None]]) -> None:  # noqa: ANN401
        self._file, self._faults = file, faults

    def read(self, size: int = -1) -> bytes:
        """Reads ``size`` bytes, or the rest.

        Raises:
            LakeError: They cannot be read.
        """
        with self._faults():
            return bytes(self._file.read(size))

    def sha256(self) -> str:
        """Digests what is left to read, in hexadecimal digits.

        Raises:
            LakeError: It cannot be read.
        """
        digest = hashlib.sha256()
        while block := self.read(BLOCK_BYTES):
            digest.update(block)
        return digest.hexdigest()

    def write(self, data: bytes) -> int:
        """Writes bytes.

        Raises:
            LakeError: They cannot be written.
        """
        with self._faults():
            return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
