"""Pages: what a source says is text in them, and what is missing is not passed over."""

from datetime import UTC, datetime

import pytest
from jinja2 import UndefinedError

from graphrec_core.html import html_template

PAGE = "graphrec_core.quality", "data_docs.html.j2"


def test_values_are_text_and_not_markup() -> None:
    page = html_template(*PAGE)
    values = {
        "as_of": datetime(2026, 1, 1, tzinfo=UTC),
        "suites": [],
        "num_failed": 0,
        "max_rows": 1,
    }
    assert "&lt;script&gt;" in page.render(title="<script>", **values)
    assert "<script>" not in page.render(title="<script>", **values)


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="title"):
        html_template(*PAGE).render()
