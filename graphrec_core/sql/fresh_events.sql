-- Purpose:    the events that the freshness rule keeps: of those that enter the next age bucket, a
--             fixed share is dropped.
-- Grain:      one row per kept event.
-- Reads:      view_events (src, dst, event_time and any other columns),
--             freshness_steps (bucket: age in whole buckets, keep_below: hexadecimal text; an event
--             of this bucket stays if its hash is below)
-- Parameters: :bucket_days  int; length of an age bucket in days
--             :instant      timestamp; the view's instant
-- The hash is that of the event, not of the day: once dropped, an event stays dropped.
select view_events.*
from view_events
join freshness_steps
    on freshness_steps.bucket = cast(
        floor(
            (unix_micros(:instant) - unix_micros(view_events.event_time))
            / (86400000000D * :bucket_days)
        ) as int
    )
where
    substring(
        md5(
            concat(
                view_events.src,
                ' ',
                view_events.dst,
                ' ',
                cast(unix_micros(view_events.event_time) as string)
            )
        ),
        1,
        8
    ) < freshness_steps.keep_below
