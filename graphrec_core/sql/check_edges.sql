-- Purpose:    says of every event whether it may be used, and why not.
-- Grain:      one row per row of judged_events; reject_reason is null for a good row.
-- Reads:      judged_events (the result of check_events),
--             src_ids, dst_ids (node_id: every accepted node of the type at either end)
-- Parameters: none
-- Of one key and known_at the first good row is the copy that counts: a bad one keeps nobody out.
-- A deletion is no copy of the row that it deletes: both stay, and events_as_of lets it win.
-- One of an unknown node does: the node may be known tomorrow, and the copy must not change then.
-- Without event_id the events are a multiset: two equal rows are two events, so only rows with
-- one are numbered (and tables without the column are never shuffled for it).
with numbered as (
    select
        *,
        row_number() over (
            partition by event_id, known_at, is_deleted
            order by bad_because is not null, event_time, src, dst, weight, row_text
        ) as copy_number
    from judged_events
    where event_id is not null
    union all
    select *, 1 as copy_number
    from judged_events
    where event_id is null
)
select
    numbered.* except (bad_because, copy_number, row_text),
    case
        when bad_because is not null then bad_because
        when src_ids.node_id is null then 'src is an unknown node'
        when dst_ids.node_id is null then 'dst is an unknown node'
        when copy_number > 1 then 'duplicate event (event_id, known_at)'
    end as reject_reason
from numbered
left join src_ids on numbered.src = src_ids.node_id
left join dst_ids on numbered.dst = dst_ids.node_id
