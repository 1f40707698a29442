-- Purpose:    says of every row of timed features whether it may be used, and why not.
-- Grain:      one row per row of canonical_rows; reject_reason is null for a good row.
-- Reads:      canonical_rows (a canonical features table with row_text: all its columns),
--             node_ids (node_id: every accepted node of the type)
-- Parameters: :earliest  timestamp; older rows are bad
-- A deletion is no copy of the row that it deletes: both stay, and features_as_of lets it win.
with numbered as (
    select
        *,
        row_number() over (
            partition by node_id, effective_at, known_at, is_deleted order by row_text
        ) as copy_number
    from canonical_rows
)
select
    numbered.* except (copy_number, row_text),
    case
        when numbered.node_id is null or numbered.node_id = '' then 'node_id is null'
        when effective_at is null then 'effective_at is null'
        when effective_at < :earliest then 'effective_at is before source.earliest_time'
        when node_ids.node_id is null then 'node_id is an unknown node'
        when copy_number > 1 then 'duplicate row (node_id, effective_at, known_at)'
    end as reject_reason
from numbered
left join node_ids on numbered.node_id = node_ids.node_id
