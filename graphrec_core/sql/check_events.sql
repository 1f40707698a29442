-- Purpose:    says of every event whether it is good by itself, and why not.
-- Grain:      one row per row of canonical_rows; bad_because is null for a good row.
-- Reads:      canonical_rows (a canonical edges table with row_text: all its columns, where there
--             are features)
-- Parameters: :earliest  timestamp; older events are bad
select
    *,
    case
        when src is null or src = '' then 'src is null'
        when dst is null or dst = '' then 'dst is null'
        when event_time is null then 'event_time is null'
        when event_time < :earliest then 'event_time is before source.earliest_time'
        when weight < 0 or isnan(weight) or weight = double('infinity')
            then 'weight is negative or not finite'
        when weight >= 1e15 then 'weight is too large (1e15 or more)'
    end as bad_because
from canonical_rows
