"""A fit view without a snapshot of the cut is that of its own day, on an unchanged history."""

import logging
from pathlib import Path

import pytest

from tests.snapshot.changing import history, pipeline, write_tables
from tests.snapshot.test_incremental import CHANGED, build, differences, full, with_visit

pytestmark = pytest.mark.pipeline

ON_FIT_CUT = "fit view taken over from the snapshot of the fit view's instant"


@pytest.mark.parametrize(
    ("day", "is_built_on"),
    [(19.5, False), (21.5, True)],  # before and after the fit view's instant, 20
)
def test_it_is_the_serve_view_of_its_own_day(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, day: float, *, is_built_on: bool
) -> None:
    caplog.set_level(logging.INFO, "graphrec_core")
    write_tables(tmp_path / "before", history())
    full(tmp_path / "before", tmp_path / "lake", 20)
    with_visit(tmp_path / "before", tmp_path / "raw", day, None)
    caplog.clear()
    found = build(pipeline(tmp_path / "raw", tmp_path / "lake"), 26)
    assert (ON_FIT_CUT in caplog.text) == is_built_on
    assert (CHANGED in caplog.text) != is_built_on
    assert differences(found, full(tmp_path / "raw", tmp_path / "full", 26)) == []
