-- Purpose:    the calendar of every pair of nodes: on which days its events were.
-- Grain:      one row per src and dst.
-- Reads:      calendar_events (src, dst, event_time, weekday, season, is_holiday)
-- Parameters: none
-- The first and the last event are those by time; events of one pair at one time share their day.
select
    src,
    dst,
    cast(count_if(weekday = 1) as bigint) as num_monday_events,
    cast(count_if(weekday = 2) as bigint) as num_tuesday_events,
    cast(count_if(weekday = 3) as bigint) as num_wednesday_events,
    cast(count_if(weekday = 4) as bigint) as num_thursday_events,
    cast(count_if(weekday = 5) as bigint) as num_friday_events,
    cast(count_if(weekday = 6) as bigint) as num_saturday_events,
    cast(count_if(weekday = 7) as bigint) as num_sunday_events,
    cast(count_if(weekday >= 6) as bigint) as num_weekend_events,
    cast(count_if(season = 'winter') as bigint) as num_winter_events,
    cast(count_if(season = 'spring') as bigint) as num_spring_events,
    cast(count_if(season = 'summer') as bigint) as num_summer_events,
    cast(count_if(season = 'autumn') as bigint) as num_autumn_events,
    cast(count_if(is_holiday) as bigint) as num_holiday_events,
    min_by(weekday, event_time) as first_weekday,
    min_by(season, event_time) as first_season,
    min_by(is_holiday, event_time) as is_first_on_holiday,
    max_by(weekday, event_time) as last_weekday,
    max_by(season, event_time) as last_season,
    max_by(is_holiday, event_time) as is_last_on_holiday
from calendar_events
group by src, dst
