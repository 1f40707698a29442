from graphrec_core.training.pairs import all_pairs
from tests.training.graphs import friends_graph


def test_nobody_learns_its_own_node() -> None:
    friends = friends_graph()
    pairs = all_pairs(friends)
    assert len(pairs) == len(friends.task_pairs) - 3
    assert not (pairs.query == pairs.candidate).any()
