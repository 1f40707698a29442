-- Purpose:    the rows about pairs that cannot differ between the views of two days.
-- Grain:      one row per row of pair_rows that is kept.
-- Reads:      pair_rows (src, dst and any other columns), affected_pairs (src, dst)
-- Parameters: none
select pair_rows.*
from pair_rows
left anti join affected_pairs
    on pair_rows.src = affected_pairs.src and pair_rows.dst = affected_pairs.dst
