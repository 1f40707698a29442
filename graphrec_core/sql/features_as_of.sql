-- Purpose:    the timed features of every node as they were effective and known at an instant.
-- Grain:      one row per node that has features by then.
-- Reads:      feature_rows (accepted rows of one node type)
-- Parameters: :instant       timestamp; the view's instant
--             :known_before  timestamp; rows that reached us later are not used
-- Of the rows of one key (node_id, effective_at) the one known last wins, of two known
-- together the deletion; a deleted one removes the key. Of the rest the latest effective row wins.
with latest_row as (
    select
        *,
        row_number() over (
            partition by node_id, effective_at order by known_at desc, is_deleted desc
        ) as row_age
    from feature_rows
    where known_at < :known_before and effective_at <= :instant
),
effective_row as (
    select
        * except (row_age),
        row_number() over (partition by node_id order by effective_at desc) as effective_age
    from latest_row
    where row_age = 1 and not is_deleted
)
select
    * except (effective_age, is_deleted, effective_at, known_at),
    effective_at as features_effective_at,
    known_at as features_known_at
from effective_row
where effective_age = 1
