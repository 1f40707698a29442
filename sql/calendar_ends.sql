-- Purpose:    how the events at one end of the edges of every region's graph lie in the calendar.
-- Grain:      one row per node.
-- Reads:      region_edges (edges by region with the columns of calendar_edges)
-- Parameters: :is_src  boolean; the end is src, else dst
-- An edge that crosses a border stands in two regions, so events count in halves there.
with weighed as (
    select
        *,
        case when :is_src then src else dst end as node_id,
        case when crosses_border then 1 else 2 end as halves
    from region_edges
)
select
    node_id,
    cast(sum(halves * num_events) as bigint) as num_half_events,
    cast(sum(halves * num_monday_events) as bigint) as num_monday,
    cast(sum(halves * num_tuesday_events) as bigint) as num_tuesday,
    cast(sum(halves * num_wednesday_events) as bigint) as num_wednesday,
    cast(sum(halves * num_thursday_events) as bigint) as num_thursday,
    cast(sum(halves * num_friday_events) as bigint) as num_friday,
    cast(sum(halves * num_saturday_events) as bigint) as num_saturday,
    cast(sum(halves * num_sunday_events) as bigint) as num_sunday,
    cast(sum(halves * num_winter_events) as bigint) as num_winter,
    cast(sum(halves * num_spring_events) as bigint) as num_spring,
    cast(sum(halves * num_summer_events) as bigint) as num_summer,
    cast(sum(halves * num_autumn_events) as bigint) as num_autumn,
    cast(sum(halves * num_holiday_events) as bigint) as num_holiday
from weighed
group by node_id
