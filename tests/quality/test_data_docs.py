"""Data Docs open without internet: they hold what they show, and show what the suites found."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from graphrec_core.lake import Storage
from graphrec_core.quality.data_docs import MAX_ROWS, render_data_docs, write_data_docs
from graphrec_core.quality.suite import Suite, SuiteResult, between, one_of, run_suites
from tests.support.page import Page, foreign

AS_OF = datetime(2026, 1, 2, tzinfo=UTC)


def result_of(rows: pd.DataFrame, *, keys: tuple[str, ...] = ("region",)) -> SuiteResult:
    small = between("A count is small.", "count", 0, 10)
    known = one_of("A region is known.", "region", ["<east>", "west"])
    (result,) = run_suites([Suite("counts", rows, keys, [small, known])])
    return result


def page_of(result: SuiteResult) -> str:
    return render_data_docs([result], "shop: the snapshot", AS_OF)


@pytest.fixture(scope="module")
def failed() -> SuiteResult:
    return result_of(
        pd.DataFrame({"region": ["<east>", "west", "west"], "count": [1.5, 99, None]})
    )


def test_the_page_loads_nothing_from_elsewhere(failed: SuiteResult) -> None:
    text = page_of(failed)
    assert foreign(text) == []
    assert not {"script", "link", "iframe"} & set(Page(text).tags)
    assert Page(text).open == []


@pytest.mark.parametrize(
    "planted",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link href="//cdn.example/x.css">',
        "<style>@import 'x.css';</style>",
        "<p style='background: url(x.png)'></p>",
    ],
)
def test_what_a_page_loads_from_elsewhere_is_found(failed: SuiteResult, planted: str) -> None:
    assert foreign(page_of(failed).replace("</body>", f"{planted}</body>")) != []


def test_the_page_shows_what_held_and_what_broke_it(failed: SuiteResult) -> None:
    text = Page(page_of(failed)).text
    assert "shop: the snapshot" in text
    assert "2026-01-02 00:00 UTC" in text
    assert "1 of 1 suites failed." in text
    assert "counts : 1 of 2 expectations hold" in text
    assert "✗ fails A count is small. count west: count = 99" in text
    assert "✓ holds A region is known." in text


def test_the_page_shows_the_rows_that_were_checked(failed: SuiteResult) -> None:
    page = Page(page_of(failed))
    assert "3 rows region count <east> 1.5 west 99 west" in page.text
    assert "nan" not in page.text


def test_one_row_is_shown_upright_and_no_row_is_said() -> None:
    one = pd.DataFrame({"region": ["west"], "count": [3]})
    assert "What was checked region west count 3" in Page(page_of(result_of(one, keys=()))).text
    assert "All 1 suites passed." in Page(page_of(result_of(one.head(0)))).text
    assert "the table is empty" in Page(page_of(result_of(one.head(0)))).text


def test_a_long_table_is_cut_and_the_page_says_so() -> None:
    num = MAX_ROWS + 5
    result = result_of(pd.DataFrame({"region": ["west"] * num, "count": range(11, 11 + num)}))
    found = [failure.found for failure in result.failures]
    assert found == [f"count = {count}" for count in range(11, 11 + num)]
    text = Page(page_of(result)).text
    assert f"{num} rows, the first {MAX_ROWS} of them" in text
    assert "and 5 more" in text


def test_an_earlier_page_is_replaced(failed: SuiteResult, tmp_path: Path) -> None:
    (tmp_path / "docs/static").mkdir(parents=True)
    (tmp_path / "docs/static/old.css").write_text("old")
    write_data_docs([failed], "shop", AS_OF, Storage(str(tmp_path)), "docs")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["index.html"]
