-- Purpose:    the edges of every region's graph with the calendar of their events.
-- Grain:      one row per row of region_edges.
-- Reads:      region_edges (region, src, dst and any other columns), calendar_pairs (the result of
--             the query of this name)
-- Parameters: none
select
    region_edges.*,
    calendar_pairs.num_monday_events,
    calendar_pairs.num_tuesday_events,
    calendar_pairs.num_wednesday_events,
    calendar_pairs.num_thursday_events,
    calendar_pairs.num_friday_events,
    calendar_pairs.num_saturday_events,
    calendar_pairs.num_sunday_events,
    calendar_pairs.num_weekend_events,
    calendar_pairs.num_winter_events,
    calendar_pairs.num_spring_events,
    calendar_pairs.num_summer_events,
    calendar_pairs.num_autumn_events,
    calendar_pairs.num_holiday_events,
    calendar_pairs.last_weekday,
    calendar_pairs.last_season,
    calendar_pairs.is_last_on_holiday
from region_edges
join calendar_pairs
    on region_edges.src = calendar_pairs.src and region_edges.dst = calendar_pairs.dst
