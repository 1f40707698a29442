"""The data sets that both engines must agree on, and where they lie."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphrec_core.config import PipelineConfig, load_pipeline

REPOSITORY = Path(__file__).parents[2]
DATA_FOLDERS = (REPOSITORY / "data", REPOSITORY.parent / "shared" / "data")
"""Where the real data sets may lie; they are not part of the repository."""


@dataclass(frozen=True)
class Day:
    """One day of one data set.

    Attributes:
        config: File of configs/.
        as_of: The day.
        folder: Folder of the data.
        settings: What is set beside the file.
    """

    config: str
    as_of: datetime
    folder: str
    settings: tuple[str, ...] = ()

    def pipeline(self, lake: Path, *settings: str) -> PipelineConfig:
        """Loads the pipeline with a lake of its own; skips the test where the data is absent."""
        root = f"source.root={data_folder(self.folder)}"
        overrides = [*self.settings, f"lake.root={lake}", *settings, root]
        return load_pipeline(REPOSITORY / "configs" / self.config, overrides)


def data_folder(name: str) -> Path:
    """Finds a real data set, or skips the test."""
    for folder in DATA_FOLDERS:
        if (folder / name).is_dir():
            return folder / name
    pytest.skip(f"needs the data set {name} in data/{name}")


DAYS = {
    "gowalla_cities": Day(
        "gowalla.yaml",
        datetime(2010, 9, 1, tzinfo=UTC),
        "gowalla_cities",
        ("time.window_days=30",),
    ),
    "ml-100k": Day("movielens.yaml", datetime(1998, 3, 1, tzinfo=UTC), "ml-100k"),
}
