-- Purpose:    the version of every node that is true at an instant, as it was known then.
-- Grain:      one row per node that exists at the instant.
-- Reads:      node_versions (accepted rows of one node type)
-- Parameters: :instant       timestamp; the view's instant
--             :known_before  timestamp; rows that reached us later are not used
-- Of the rows of one version (node_id, valid_from) the one known last wins, of two known together
-- the deletion; a deleted one removes the version. Of the versions true at the instant the
-- youngest wins.
with latest_row as (
    select
        *,
        row_number() over (
            partition by node_id, valid_from order by known_at desc, is_deleted desc
        ) as row_age
    from node_versions
    where known_at < :known_before and valid_from <= :instant
),
true_version as (
    select
        * except (row_age),
        row_number() over (partition by node_id order by valid_from desc) as version_age
    from latest_row
    where row_age = 1 and not is_deleted and (valid_to is null or valid_to > :instant)
)
select * except (version_age, is_deleted, valid_to)
from true_version
where version_age = 1
