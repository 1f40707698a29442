-- Purpose:    what the accepted rows of a nodes table look like as a whole.
-- Grain:      one row.
-- Reads:      accepted_rows (a canonical nodes table)
-- Parameters: none
select
    count(*) as num_rows,
    count(distinct node_id) as num_nodes,
    count(*) - count(node_id) as num_rows_without_node_id,
    count(*) - count(valid_from) as num_rows_without_valid_from,
    min(valid_from) as earliest_valid_from,
    max(known_at) as latest_known_at,
    min(latitude) as least_latitude,
    max(latitude) as greatest_latitude,
    min(longitude) as least_longitude,
    max(longitude) as greatest_longitude
from accepted_rows
