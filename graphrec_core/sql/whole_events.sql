-- Purpose:    every row about the events that some rows are about.
-- Grain:      one row per accepted row.
-- Reads:      some_rows (accepted rows of one edge type), event_rows (all of them)
-- Parameters: none
-- Which row of an event_id wins is known only from all of them, even if the others name other
-- pairs.
with event_ids as (
    select distinct event_id from some_rows where event_id is not null
)
select * from some_rows where event_id is null
union all
select event_rows.*
from event_rows
join event_ids on event_rows.event_id = event_ids.event_id
