"""The terminal tables: everything asked for, within 120 columns."""

import io
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from graphrec_core.config import PipelineConfig
from graphrec_core.report.collect import collect
from graphrec_core.report.live import collect_live
from graphrec_core.report.table import render_live_table, render_run_table
from graphrec_core.types import Region
from tests.support import example_day
from tests.support.snapshots import AS_OF, tiny_config, write_tiny_snapshot

CITIES = ("Berlin", "New York", "San Francisco", "Stockholm", "west")


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    return tiny_config(tmp_path)


def _draw(renderable: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    console.print(renderable)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_the_run_table_shows_every_figure(config: PipelineConfig) -> None:
    example_day.write_example_day(config)
    text = _draw(render_run_table(collect(config, AS_OF)))
    east = next(line for line in text.splitlines() if line.strip().startswith("east"))
    assert east.split()[:4] == ["east", "101", "577", "1"]
    assert " .300  .110  .050" in east
    assert " .150  .055  .025" in east
    assert ".990" in east
    assert "passed" in east
    west = text[text.index(" west ") : text.index("Seconds / peak")]
    for word in ("refused", "59", "queries", "recall@20", "vs", "popularity", "popular,"):
        assert word in west
    assert "Seconds / peak memory in MB" in text


@pytest.mark.parametrize("draw", ["run", "live"])
def test_long_names_and_many_regions_fit(config: PipelineConfig, draw: str) -> None:
    example_day.write_example_day(config, regions=CITIES)
    live, run = collect_live(config), collect(config, AS_OF)
    text = _draw(render_run_table(run) if draw == "run" else render_live_table(live))
    assert max(map(len, text.splitlines())) <= 120
    assert "…" not in text
    for state in live.regions.values():
        assert state.live is not None
        assert state.live.shard_id in text


def test_a_markup_in_a_name_is_text(config: PipelineConfig) -> None:
    example_day.write_example_day(config, regions=("[red]x[/red]", "west"))
    assert "[red]x[/red]" in _draw(render_run_table(collect(config, AS_OF)))
    assert "[red]x[/red]" in _draw(render_live_table(collect_live(config)))


def test_an_empty_lake_is_said_in_words(config: PipelineConfig) -> None:
    assert "nothing is live yet" in _draw(render_live_table(collect_live(config)))
    text = _draw(render_run_table(collect(config, AS_OF)))
    assert "no snapshot" in text
    assert "missing" in text


def test_the_terminal_sees_no_control_characters_and_a_region_called_all_has_its_own_row(
    tmp_path: Path,
) -> None:
    config = tiny_config(tmp_path)
    example_day.write_validation(config)
    names = ("all", "a\nb\x1b[31m")
    write_tiny_snapshot(config, regions=names)
    for name in names:
        example_day.write_model(config, AS_OF, Region(name))
    text = _draw(render_run_table(collect(config, AS_OF)))
    assert "\x1b" not in text
    assert r"a\nb\x1b[31m" in "".join(text.split())
    rows = [line.split()[0] for line in text.partition("Seconds")[2].splitlines() if line.strip()]
    assert {"(all)", "all"} <= set(rows)
