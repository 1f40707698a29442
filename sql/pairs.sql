-- Purpose:    the events of a view, one row per pair of nodes.
-- Grain:      one row per src and dst.
-- Reads:      view_events (src, dst, event_time, known_at, weight)
-- Parameters: :weight          string; sum | mean | max of the events' weights
--             :half_life_days  double; an event this old counts half, 0: all count the same
--             :instant         timestamp; the view's instant
-- The maxima let the audit see what fed a pair. Weights are summed as decimals, to twelve places:
-- sums of floats depend on the order of rows. A mean is weighted by recency.
with weighted as (
    select
        *,
        case
            when :half_life_days > 0
                then power(
                    0.5D,
                    (unix_micros(:instant) - unix_micros(event_time))
                    / (86400000000D * :half_life_days)
                )
            else 1D
        end as recency
    from view_events
)
select
    src,
    dst,
    case
        when :weight = 'max' then max(weight * recency)
        when :weight = 'mean'
            then
                cast(sum(cast(weight * recency as decimal(28, 12))) as double)
                / cast(sum(cast(recency as decimal(28, 12))) as double)
        else cast(sum(cast(weight * recency as decimal(28, 12))) as double)
    end as weight,
    count(*) as num_events,
    max(event_time) as last_event_time,
    max(known_at) as last_known_at
from weighted
group by src, dst
