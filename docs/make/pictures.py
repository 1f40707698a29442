"""Takes the pictures of the documents: ``make screenshots``.

    python -m docs.make.pictures --lake lake

The demo's day must be in the lake. Pages are opened in a headless Chromium (on Debian:
``apt-get install chromium``), the terminal is drawn by rich, and Airflow runs for the picture of
the DAG. Nothing of this is needed to use graphrec.
"""

import argparse
import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

from docs.make.airflow_page import airflow_page
from docs.make.samples import AS_OF, TOWN, graphrec

PICTURES = Path(__file__).parents[1] / "pictures"
AS_OF_FOLDER = "as_of=20260101T000000Z"
NUM_COLOURS = 64
"""Pages have few colours, and a picture of few is small."""
TERMINAL_COLUMNS = 116
LIMIT_S = 60
"""How long a picture may take."""


def browser() -> str:
    """Returns the path of a Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("Screenshots need Chromium on PATH; on Debian: apt-get install chromium")
    return found


def photograph(url: str, name: str, width: int, height: int, wait_ms: int = 0) -> None:
    """Takes a picture of the top of a page.

    Args:
        url: The page.
        name: Of the picture, without its ending.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
        wait_ms: How long the page's scripts may run.
    """
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder, "shot.png")
        command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--window-size={width},{height}", f"--screenshot={shot}"]
        command += [f"--virtual-time-budget={wait_ms}"] if wait_ms else []
        command += [f"--user-data-dir={folder}/profile", url]
        subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)
        shrink(shot.read_bytes(), PICTURES / f"{name}.png")


def shrink(png: bytes, path: Path) -> None:
    """Writes a picture with few colours."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(NUM_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def draw_terminal(lines: list[str], path: Path) -> None:
    """Draws the lines of a terminal as SVG."""
    console = Console(record=True, width=TERMINAL_COLUMNS, file=io.StringIO())
    for line in lines:
        console.print(Text(line.rstrip()), soft_wrap=True)
    # The name of the drawing's styles follows from its title, so that it is the same every time.
    path.write_text(console.export_svg(title="make demo", unique_id="demo"), encoding="utf-8")


def main() -> None:
    """Takes all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", required=True, help="the lake that the demo wrote")
    parser.add_argument("--without-airflow", action="store_true", help="leave the DAG's out")
    given = parser.parse_args()
    lake = Path(given.lake).resolve()
    PICTURES.mkdir(exist_ok=True)
    for name, folder, height in (("report", "reports", 1150), ("data_docs", "data_docs", 900)):
        page = lake / "town" / folder / AS_OF_FOLDER / "index.html"
        photograph(page.as_uri(), name, 1180, height)
    status = graphrec("status", *TOWN, "--lake", str(lake), "--as-of", AS_OF)
    query = graphrec("query", "ash-u0", *TOWN, "--lake", str(lake), "--k", "5")
    draw_terminal(["$ make demo", *status, *query], PICTURES / "terminal.svg")
    if not given.without_airflow:
        with airflow_page("town") as url:
            photograph(url, "dag", 1400, 760, wait_ms=20_000)


if __name__ == "__main__":
    main()
