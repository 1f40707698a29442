"""Takes the pictures of the documents: ``make screenshots``.

    python -m docs.make.pictures --lake lake

The demo's day must be in the lake. Pages are opened in a headless Chromium (on Debian:
``apt-get install chromium``), the terminal is drawn by rich, and Airflow runs for the picture of
the DAG. Nothing of this is needed to use graphrec.
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

from docs.make.airflow_page import airflow_page
from docs.make.browser import open_page
from docs.make.samples import AS_OF, TOWN, graphrec

PICTURES = Path(__file__).parents[1] / "pictures"
AS_OF_FOLDER = "as_of=20260101T000000Z"
NUM_COLOURS = 255
"""Pages have few colours, and a picture of few is small."""
TERMINAL_COLUMNS = 116
AIRFLOW_VIEW = {
    "default_dag_view": "graph",
    "town/open-groups": ["region"],
    "direction-town": "DOWN",
}
"""The graph of the DAG with its group of regions open, from top to bottom."""
GRAPH_BOX = (340, 140, 800, 1440)
"""Left, top, right and bottom of the graph on Airflow's page."""


def shrink(png: bytes, path: Path, box: tuple[int, int, int, int] | None = None) -> None:
    """Writes a picture, or the part in a box of it, with few colours."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").crop(box)
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
    with open_page() as page:
        for name, folder, height in (("report", "reports", 1150), ("data_docs", "data_docs", 900)):
            file = lake / "town" / folder / AS_OF_FOLDER / "index.html"
            png = page.photograph(file.as_uri(), 1180, height, {}, wait_s=1)
            shrink(png, PICTURES / f"{name}.png")
        if not given.without_airflow:
            with airflow_page("town") as url:
                png = page.photograph(url, 1500, 1500, AIRFLOW_VIEW, wait_s=25)
            shrink(png, PICTURES / "dag.png", box=GRAPH_BOX)
    status = graphrec("status", *TOWN, "--lake", str(lake), "--as-of", AS_OF)
    query = graphrec("query", "ash-u0", *TOWN, "--lake", str(lake), "--k", "5")
    draw_terminal(["$ make demo", *status, *query], PICTURES / "terminal.svg")


if __name__ == "__main__":
    main()
