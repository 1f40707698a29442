"""The ledger's benchmark on a tiny history, and bars that can fail."""

from pathlib import Path

import pytest

from bench.ledger import bars_of, measure


def test_a_tiny_history_keeps_every_bar(tmp_path: Path) -> None:
    result = measure(tmp_path, num_days=40, num_regions=8)
    assert result["pass"]
    assert result["full_scan"]["files"] == 40 + 2  # two days ran twice
    assert result["longer"]["a region"]["files"] < result["full_scan"]["files"]
    assert result["longer"]["first reading"]["files"] > result["full_scan"]["files"]


@pytest.mark.parametrize("place", range(7))
def test_each_bar_can_fail(place: int) -> None:
    good = {"files": 5, "names": 50, "seconds": 0.1}
    few = {"a region": good}
    many = dict.fromkeys(("a region", "a region refused for long"), good)
    many |= {"all regions, publishing": good}
    assert all(bar["pass"] for bar in bars_of(few, many, good, 0))
    poor = {"files": 500, "names": 5000, "seconds": 100.0}
    worse = [
        ({**many, "a region": {**good, "files": 500}}, 0),
        ({**many, "a region": {**good, "files": 6}}, 0),
        ({**many, "a region refused for long": poor}, 0),
        ({**many, "a region": {**good, "names": 5000}}, 0),
        ({**many, "a region": {**good, "seconds": 100.0}}, 0),
        ({**many, "all regions, publishing": poor}, 0),
        (many, 1),
    ]
    figures, num_different = worse[place]
    bars = bars_of(few, figures, good, num_different)
    assert not bars[place]["pass"]
