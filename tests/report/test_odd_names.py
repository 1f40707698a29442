"""Pictures of regions whose names are long, of other letters, or look like formulas."""

import base64
import warnings

import pytest

from graphrec_core.report.figures import MAX_LETTERS, Picture, as_svg, drawing, short
from graphrec_core.report.plots import name_rows

LONG = "新疆维吾尔自治区伊犁哈萨克自治州察布查尔锡伯自治县坎乡"


def drawn(names: list[str]) -> str:
    """The picture of two panels whose rows have these names."""
    with drawing(9.6, 2.0) as figure:
        left, _ = figure.subplots(1, 2, sharey=True)
        name_rows(left, [short(name) for name in names])
        return _text(as_svg(figure, "rows"))


def _text(picture: Picture) -> str:
    return base64.b64decode(picture.uri.split(",")[1]).decode()


@pytest.mark.parametrize("name", ["US$ and CA$", r"$\nothing$", "$x$", "東京", "Αττική"])
def test_a_name_is_written_letter_by_letter(name: str) -> None:
    assert f">{name}</text>" in drawn([name])


def test_long_names_leave_room_and_stay_apart() -> None:
    names = [f"{LONG}{'甲' * 100}{end}" for end in ("一", "二")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "axes sizes collapsed to zero", "Glyph … missing"
        text = drawn(names)
    assert {f">{short(name)}</text>" in text for name in names} == {True}
    assert short(names[0]) != short(names[1])


def test_a_name_that_fits_is_whole() -> None:
    assert short("a" * MAX_LETTERS) == "a" * MAX_LETTERS
    assert short("a" * (MAX_LETTERS + 1)) == "a" * 12 + "…" + "a" * 12
