-- Purpose:    says of every event whether it may be used, and why not.
-- Grain:      one row per row of canonical_rows; reject_reason is null for a good row.
-- Reads:      canonical_rows (a canonical edges table),
--             src_ids, dst_ids (node_id: every accepted node of the type at either end)
-- Parameters: :earliest  timestamp; older events are bad
-- Without event_id the events are a multiset: two equal rows are two events, so only rows with
-- one are numbered (and tables without the column are never shuffled for it).
with numbered as (
    select
        *,
        row_number() over (
            partition by event_id, known_at
            order by event_time, src, dst, weight, is_deleted
        ) as copy_number
    from canonical_rows
    where event_id is not null
    union all
    select *, 1 as copy_number
    from canonical_rows
    where event_id is null
)
select
    numbered.* except (copy_number),
    case
        when numbered.src is null or numbered.src = '' then 'src is null'
        when numbered.dst is null or numbered.dst = '' then 'dst is null'
        when event_time is null then 'event_time is null'
        when event_time < :earliest then 'event_time is before source.earliest_time'
        when weight < 0 or isnan(weight) or weight = double('infinity')
            then 'weight is negative or not finite'
        when weight >= 1e15 then 'weight is too large (1e15 or more)'
        when src_ids.node_id is null then 'src is an unknown node'
        when dst_ids.node_id is null then 'dst is an unknown node'
        when copy_number > 1 then 'duplicate event (event_id, known_at)'
    end as reject_reason
from numbered
left join src_ids on numbered.src = src_ids.node_id
left join dst_ids on numbered.dst = dst_ids.node_id
