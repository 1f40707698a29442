"""Degree histograms by hand."""

import pyarrow as pa

from graphrec_core.snapshot.degrees import degree_histogram


def nodes(*rows: tuple[str, int | None]) -> pa.Table:
    roles, degrees = zip(*rows, strict=True) if rows else ((), ())
    return pa.table(
        {
            "role": pa.array(roles, pa.string()),
            "num_events": pa.array(degrees, pa.int64()),
        }
    )


def test_degrees_are_counted_by_powers_of_two() -> None:
    degrees = [0, None, 1, 2, 3, 4, 7, 8, 1024]
    found = degree_histogram(nodes(*(("home", degree) for degree in degrees)))
    assert found == [2, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0, 1]


def test_halo_nodes_are_left_out_and_nodes_of_everywhere_counted() -> None:
    assert degree_histogram(nodes(("home", 1), ("halo", 1), ("member", 1))) == [0, 2]
    assert degree_histogram(nodes(("halo", 3))) == []
    assert degree_histogram(nodes()) == []
