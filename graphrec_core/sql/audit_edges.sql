-- Purpose:    the written edges of a view, or its holdout, that lie outside their window.
-- Grain:      one row per offending edge and region; no row is the good result.
-- Reads:      written_edges (region, src, dst, first_event_time, last_event_time, last_known_at)
-- Parameters: :window_start  timestamp, inclusive
--             :window_end    timestamp, exclusive: the view's instant
--             :known_before  timestamp; the view's cutoff
select *
from (
    select
        region,
        concat(src, ' -> ', dst) as name,
        case
            when last_event_time >= :window_end
                then 'edge fed by an event at or after the instant'
            when least(first_event_time, last_event_time) < :window_start
                then 'edge older than its window'
            when first_event_time > last_event_time
                then 'edge whose first event is after its last'
            when last_known_at >= :known_before then 'edge fed by a row known too late'
            when first_event_time is null or last_event_time is null or last_known_at is null
                then 'edge does not say what fed it'
        end as leak
    from written_edges
)
where leak is not null
