-- Purpose:    the rows about pairs that may differ between the views of two days, or the others.
-- Grain:      one row per row of pair_rows that is kept.
-- Reads:      pair_rows (src, dst and any other columns), affected_pairs (src, dst),
--             changed_src, changed_dst (node_id: the nodes that came, went or moved)
-- Parameters: :is_touched  boolean; keep the rows that may differ, else the others
select pair_rows.*
from pair_rows
left join affected_pairs
    on pair_rows.src = affected_pairs.src and pair_rows.dst = affected_pairs.dst
left join changed_src on pair_rows.src = changed_src.node_id
left join changed_dst on pair_rows.dst = changed_dst.node_id
where
    (
        affected_pairs.src is not null
        or changed_src.node_id is not null
        or changed_dst.node_id is not null
    ) = :is_touched
