-- Purpose:    what the accepted rows of a features table look like as a whole.
-- Grain:      one row.
-- Reads:      accepted_rows (a canonical features table)
-- Parameters: none
select
    count(*) as num_rows,
    count(distinct node_id) as num_nodes,
    count(*) - count(node_id) as num_rows_without_node_id,
    count(*) - count(effective_at) as num_rows_without_effective_at,
    min(effective_at) as earliest_effective_at,
    max(known_at) as latest_known_at
from accepted_rows
