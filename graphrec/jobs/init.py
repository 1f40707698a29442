"""Init: writes an example's configuration into the working folder, to begin from."""

from importlib import resources
from pathlib import Path

from graphrec_core.errors import ConfigError

FOLDER = Path("configs")
"""Where Airflow looks for pipelines too, in its working folder."""


def run(example: str) -> Path:
    """Writes ``configs/<example>.yaml``; never over a file that is there.

    Args:
        example: A name of ``examples()``.

    Returns:
        The file, relative to the working folder.

    Raises:
        ConfigError: There is no such example, the file exists, or it cannot be written.
    """
    if example not in examples():
        raise ConfigError(
            must=f"The example must be one of {', '.join(examples())}.",
            found=example,
            fix="Give one of these names, or none for the town.",
        )
    path = FOLDER / f"{example}.yaml"
    text = (_installed("configs") / path.name).read_text(encoding="utf-8")
    try:
        FOLDER.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigError(
            must=f"init writes {path} only where nothing is yet.",
            found=f"{error.filename} in {Path.cwd()}",
            fix="Use the file as it is, move it away, or work in another folder.",
        ) from error
    except OSError as error:
        raise ConfigError(
            must=f"init must be able to write {path} in {Path.cwd()}.",
            found=str(error),
            fix="Work in a folder that is yours to write in.",
        ) from error
    return path


def examples() -> list[str]:
    """Returns the names of the examples that come with graphrec, in order."""
    return sorted(path.stem for path in _installed("configs").glob("*.yaml"))


def dags_folder() -> Path:
    """Returns the folder to give to Airflow as ``core.dags_folder``."""
    return _installed("dags")


def _installed(folder: str) -> Path:
    return Path(str(resources.files("graphrec") / folder)).resolve()
