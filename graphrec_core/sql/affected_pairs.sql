-- Purpose:    the pairs whose events may differ between the views of two days.
-- Grain:      one row per src and dst.
-- Reads:      event_rows (rows of one edge type known in time; a pair of bad ones has no edge on
--             either day),
--             late_src, late_dst (node_id: nodes of which nothing was known before
--             :old_known_before),
--             changed_src, changed_dst (node_id: the nodes that came, went or moved)
-- Parameters: :old_start         timestamp; start of the earlier view's window
--             :old_end           timestamp; the earlier view's instant
--             :old_known_before  timestamp; the earlier view's cutoff
--             :start             timestamp; start of the later view's window
--             :end               timestamp; the later view's instant
--             :bucket_days       int; length of the freshness rule's age bucket, 0: no rule
-- An event comes with a row that was not known before, or was bad because its node was not, or
-- enters the window, leaves it, or grows into the next age bucket, or one of its ends came, went
-- or moved. A correction affects every pair that a row of its event_id names.
with other_src as (
    select node_id from late_src
    union
    select node_id from changed_src
),
other_dst as (
    select node_id from late_dst
    union
    select node_id from changed_dst
),
changed as (
    select event_rows.src, event_rows.dst, event_rows.event_id
    from event_rows
    left join other_src on event_rows.src = other_src.node_id
    left join other_dst on event_rows.dst = other_dst.node_id
    where
        event_rows.known_at >= :old_known_before
        or other_src.node_id is not null
        or other_dst.node_id is not null
        or (event_rows.event_time >= :old_start and event_rows.event_time < :start)
        or (event_rows.event_time >= :old_end and event_rows.event_time < :end)
        or (
            :bucket_days > 0
            and floor(
                (unix_micros(:old_end) - unix_micros(event_rows.event_time))
                / (86400000000D * greatest(:bucket_days, 1))
            )
            <> floor(
                (unix_micros(:end) - unix_micros(event_rows.event_time))
                / (86400000000D * greatest(:bucket_days, 1))
            )
        )
),
changed_ids as (
    select distinct event_id from changed where event_id is not null
)
select src, dst from changed
union
select event_rows.src, event_rows.dst
from event_rows
join changed_ids on event_rows.event_id = changed_ids.event_id
