-- Purpose:    the events of a view, one row per pair of nodes.
-- Grain:      one row per src and dst.
-- Reads:      view_events (src, dst, event_time, known_at, weight)
-- Parameters: :weight          string; sum | mean | max | last | first of the events' weights
--             :half_life_days  double; an event this old counts half, 0: all count the same
--             :instant         timestamp; the view's instant
-- The earliest and latest times let the audit see what fed a pair. A mean is weighted by recency; of events at one
-- time the last is the one known last, then the heaviest, and the first the other way round.
-- Weights are equal to the bit, whatever the order of rows and the engine: sums of floats depend
-- on the order, and engines differ in powers and decimals by the last digit. So recency has nine
-- places (at least 1e-9: no event counts nothing), and sums are of integers: the whole part, and
-- twelve places of the rest.
-- Few events share a pair: spreading them at once spares Spark a useless aggregation of each part
-- before it does the same; spread by src, they need not be spread again to find src's home; and
-- sorted pairs are aggregated, find their homes and are sorted by region faster.
with weighted as (
    select
        *,
        case
            when :half_life_days > 0
                then greatest(
                    floor(
                        power(
                            0.5D,
                            (unix_micros(:instant) - unix_micros(event_time))
                            / (86400000000D * :half_life_days)
                        )
                        * 1e9
                        + 0.5D
                    ),
                    1
                )
                / 1e9
            else 1D
        end as recency
    from view_events
),
valued as (
    select *, weight * recency as value, floor(weight * recency) as whole
    from weighted
    distribute by src sort by src, dst
),
summed as (
    select
        src,
        dst,
        cast(sum(cast(whole as decimal(20, 0))) as double)
        + cast(sum(floor((value - whole) * 1e12 + 0.5D)) as double)
        / 1e12 as sum_value,
        cast(sum(floor(recency * 1e9 + 0.5D)) as double) / 1e9 as sum_recency,
        max(value) as max_value,
        max(
            case when :weight = 'last' and value is not null
                then struct(event_time, known_at, value)
            end
        ).value as last_value,
        min(
            case when :weight = 'first' and value is not null
                then struct(event_time, known_at, value)
            end
        ).value as first_value,
        count(*) as num_events,
        min(event_time) as first_event_time,
        max(event_time) as last_event_time,
        max(known_at) as last_known_at
    from valued
    group by src, dst
)
select
    src,
    dst,
    case
        when :weight = 'max' then max_value
        when :weight = 'mean' then sum_value / sum_recency
        when :weight = 'last' then last_value
        when :weight = 'first' then first_value
        else sum_value
    end as weight,
    num_events,
    first_event_time,
    last_event_time,
    last_known_at
from summed
