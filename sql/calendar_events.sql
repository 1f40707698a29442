-- Purpose:    the day of the week and the season of every event, and whether it was on a holiday.
-- Grain:      one row per event.
-- Reads:      window_events (src, dst, event_time), src_places, dst_places (node_id,
--             home_region, latitude), holidays (day, region: null where it is everywhere)
-- Parameters: :offset_us  bigint; local time less UTC, in microseconds
-- An event happens where its dst is, else where its src is. weekday is 1 on Monday and 7 on
-- Sunday (ISO 8601); seasons are meteorological (December to February is winter), south of the
-- equator the other way round, and the northern ones where neither end has a latitude.
with local_events as (
    select
        window_events.src,
        window_events.dst,
        window_events.event_time,
        cast(timestamp_micros(unix_micros(window_events.event_time) + :offset_us) as date) as day,
        coalesce(dst_places.home_region, src_places.home_region) as region,
        coalesce(dst_places.latitude, src_places.latitude, 0) < 0 as is_southern
    from window_events
    left join src_places on window_events.src = src_places.node_id
    left join dst_places on window_events.dst = dst_places.node_id
),
global_days as (
    select distinct day from holidays where region is null
),
regional_days as (
    select distinct day, region from holidays where region is not null
),
numbered as (
    select
        local_events.*,
        cast(floor(month(local_events.day) % 12 / 3) as int) as northern_season,
        global_days.day is not null or regional_days.day is not null as is_holiday
    from local_events
    left join global_days on local_events.day = global_days.day
    left join regional_days
        on local_events.day = regional_days.day and local_events.region = regional_days.region
)
select
    src,
    dst,
    event_time,
    cast(weekday(day) as int) + 1 as weekday,
    case case when is_southern then (northern_season + 2) % 4 else northern_season end
        when 0 then 'winter'
        when 1 then 'spring'
        when 2 then 'summer'
        else 'autumn'
    end as season,
    is_holiday
from numbered
