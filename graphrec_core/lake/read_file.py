"""A file open for reading whose errors are faults of the lake."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Self


class ReadFile:
    """An open file whose read errors are LakeErrors; otherwise as fsspec's.

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

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
