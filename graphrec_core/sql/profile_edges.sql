-- Purpose:    what the accepted rows of an edges table look like as a whole.
-- Grain:      one row.
-- Reads:      accepted_rows (a canonical edges table)
-- Parameters: none
select
    count(*) as num_rows,
    count(*) - count(src) as num_rows_without_src,
    count(*) - count(dst) as num_rows_without_dst,
    count(*) - count(event_time) as num_rows_without_event_time,
    min(event_time) as earliest_event_time,
    max(event_time) as latest_event_time,
    max(known_at) as latest_known_at,
    min(weight) as least_weight,
    max(weight) as greatest_weight
from accepted_rows
