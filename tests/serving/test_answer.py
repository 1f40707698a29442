"""An answer as text: a line per candidate, whatever its title holds."""

from graphrec_core.retrieval.explain import FeatureEffect, Why
from graphrec_core.serving.answer import Answer, Neighbour


def test_names_stay_on_their_lines_and_cannot_steer_a_terminal() -> None:
    title = "two\nlines \x1b[2J and 東京\u3000駅 👩‍👧"
    item = Neighbour(rank=1, candidate_id="a\rb", title=title, score=1.5, sources=["taste"])
    answer = Answer("q\n1", "N\u2028ame", "Zü\nrich", "5a", "20260101T000000Z", "model", [item])

    assert answer.to_text().split("\n") == [
        r"q\n1 (N\u2028ame) · region Zü\nrich · shard 5a of 20260101T000000Z",
        r"   1  a\rb                           1.5000  taste"
        "  two\\nlines \\x1b[2J and 東京\u3000駅 👩‍👧",
    ]
    assert answer.to_dict()["items"][0]["title"] == title


def test_a_person_reads_why_below_the_candidate() -> None:
    effects = (FeatureEffect("nearest_km", 0.25, 0.8), FeatureEffect("trend", None, -0.1))
    item = Neighbour(1, "b", None, 0.5, ["near"], Why({"near": 3, "taste": 1}, effects))
    answer = Answer("q", None, "east", "5a", "20260101T000000Z", "model", [item])
    assert answer.to_text().split("\n")[2] == (
        "      near #3, taste #1; nearest_km 0.25 (+0.80), trend unknown (-0.10)"
    )
