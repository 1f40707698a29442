-- Purpose:    the written nodes of a view that know the future.
-- Grain:      one row per offending node and region; no row is the good result.
-- Reads:      written_nodes (the files of one node type and view)
-- Parameters: :instant       timestamp; the view's instant
--             :known_before  timestamp; the view's cutoff
select *
from (
    select
        region,
        node_id as name,
        case
            when valid_from > :instant then 'node version from the future'
            when known_at >= :known_before then 'node version known too late'
            when last_event_time >= :instant then 'aggregate fed by an event at or after the instant'
            when features_effective_at > :instant then 'feature effective later'
            when features_known_at >= :known_before then 'feature known too late'
        end as leak
    from written_nodes
)
where leak is not null
