-- Purpose:    the events of a half-open window, as they were known at an instant.
-- Grain:      one row per event; without event_id equal rows are different events.
-- Reads:      event_rows (accepted rows of one edge type)
-- Parameters: :window_start  timestamp, inclusive
--             :window_end    timestamp, exclusive
--             :known_before  timestamp; rows that reached us later are not used
-- Of the rows of one event_id the one known last wins (of two known together the deletion: batch
-- loads stamp both alike), then a deleted one removes the event. The window is applied after that,
-- because a correction may move an event out of it.
with latest_row as (
    select
        *,
        row_number() over (partition by event_id order by known_at desc, is_deleted desc) as row_age
    from event_rows
    where event_id is not null and known_at < :known_before
    union all
    select *, 1 as row_age
    from event_rows
    where event_id is null and known_at < :known_before
)
select * except (event_id, is_deleted, row_age)
from latest_row
where
    row_age = 1
    and not is_deleted
    and event_time >= :window_start
    and event_time < :window_end
