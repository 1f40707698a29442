"""Puts that happen only if a file is still what the writer read: S3's If-Match, If-None-Match."""

import time
from typing import Any

import fsspec
from fsspec.asyn import AsyncFileSystem

NUM_TRIES = 6
FIRST_WAIT_S = 0.1

STALE = {"PreconditionFailed", "412", "NoSuchKey"}
"""What S3 answers where the condition does not hold: another file, some file, or none."""
IN_FLIGHT = {"ConditionalRequestConflict", "409"}
"""What S3 answers while another conditional request on the file is under way: try again."""


def has_versions(fs: fsspec.AbstractFileSystem) -> bool:
    """Tells whether ``put_if`` works on a file system; s3fs is the one it is written for."""
    return hasattr(fs, "call_s3")


def creates_at_once(fs: fsspec.AbstractFileSystem) -> bool:
    """Tells whether a file system has a create of its own; fsspec's looks first, then writes."""
    kind = type(fs)
    own = getattr(kind, "_pipe_file", AsyncFileSystem._pipe_file)
    return (
        own is not AsyncFileSystem._pipe_file
        or kind.pipe_file is not fsspec.AbstractFileSystem.pipe_file
    )


def version(fs: fsspec.AbstractFileSystem, path: str) -> str | None:
    """Returns the ETag of a file; None where there is none."""
    try:
        found = fs.info(path, refresh=True)
    except FileNotFoundError:
        return None
    return str(found["ETag"]) if found["type"] == "file" else None


def put_if(fs: fsspec.AbstractFileSystem, path: str, data: bytes, expected: str | None) -> bool:
    """Writes a whole file if its version is still ``expected``, in one request.

    Args:
        fs: An S3 file system.
        path: The file, with its bucket.
        data: At most 5 GB, S3's limit for one put.
        expected: What ``version`` returned; None: there must be no file.

    Returns:
        Whether it was written.

    Raises:
        OSError: The store refused for another reason, or stayed busy.
    """
    bucket, key, _ = fs.split_path(path)
    condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
    for number in range(NUM_TRIES):
        try:
            fs.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **condition)
        except OSError as error:
            code = _error_code(error)
            if code in STALE:
                return False
            if code not in IN_FLIGHT or number == NUM_TRIES - 1:
                raise
            time.sleep(FIRST_WAIT_S * 2**number)
        else:
            break
    return True


def _error_code(error: OSError) -> str | None:
    """Returns S3's own code; s3fs keeps the answer as the cause of the error it raises."""
    answer: dict[str, Any] = getattr(error.__cause__, "response", {})
    return answer.get("Error", {}).get("Code")
