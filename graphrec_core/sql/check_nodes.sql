-- Purpose:    says of every node version whether it may be used, and why not.
-- Grain:      one row per row of canonical_rows; reject_reason is null for a good row.
-- Reads:      canonical_rows (a canonical nodes table with row_text: all its columns)
-- Parameters: :earliest      timestamp; older versions are bad
--             :needs_region  boolean; the home comes from the column `region`
-- Of equal keys a good row is the first copy: a bad one keeps nobody out. A deletion is no copy of
-- the row that it deletes: both stay, and nodes_as_of lets it win.
with judged as (
    select
        *,
        case
            when node_id is null or node_id = '' then 'node_id is null'
            when valid_from is null then 'valid_from is null'
            when valid_from < :earliest then 'valid_from is before source.earliest_time'
            when valid_to <= valid_from then 'valid_to is not after valid_from'
            when not latitude between -90 and 90 then 'latitude is outside -90..90'
            when not longitude between -180 and 180 then 'longitude is outside -180..180'
            when :needs_region and not is_deleted and (region is null or trim(region) = '')
                then 'region is null'
            when :needs_region and region in ('_all', '__HIVE_DEFAULT_PARTITION__')
                then 'region has a reserved name'
        end as bad_because
    from canonical_rows
),

numbered as (
    select
        *,
        row_number() over (
            partition by node_id, valid_from, known_at, is_deleted
            order by bad_because is not null, row_text
        ) as copy_number
    from judged
)

select
    * except (bad_because, copy_number, row_text),
    case
        when bad_because is not null then bad_because
        when copy_number > 1 then 'duplicate version (node_id, valid_from, known_at)'
    end as reject_reason
from numbered
