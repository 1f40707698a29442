"""Local folders for intermediate files: what a killed process left, the next one removes."""

import fcntl
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "graphrec-spill-"
LOCK = "lock"

logger = logging.getLogger(__name__)


@contextmanager
def spill_folder() -> Iterator[str]:
    """Makes a folder in this machine's temporary folder; it goes at the end of the block.

    A killed process leaves its folder, tens of GB at hundreds of millions of events, and a retry
    would find the disk full. Its lock died with it, so the next call removes what nobody holds.

    Yields:
        The folder's path.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _remove_unless_held(folder)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        unnamed = Path(name, "unnamed")
        with unnamed.open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            unnamed.rename(Path(name, LOCK))  # others see it only once it is held
            yield name


def _remove_unless_held(folder: Path) -> None:
    try:
        with (folder / LOCK).open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    except OSError as error:  # held, another user's, or removed by somebody else meanwhile
        logger.debug("left %s alone: %s", folder, error)
    else:
        logger.info("removed %s, which a killed process had left", folder)
