-- Purpose:    the nodes of a view with the shares of their events by day, season and holiday.
-- Grain:      one row per row of view_nodes.
-- Reads:      view_nodes (node_id and any other columns),
--             calendar_ends (the result of the query of this name, of all edge types and ends)
-- Parameters: none
-- Only events of the written edges count; a node without one has shares of 0.
with counted as (
    select
        node_id,
        cast(sum(num_half_events) as double) as num_half_events,
        sum(num_monday) as num_monday,
        sum(num_tuesday) as num_tuesday,
        sum(num_wednesday) as num_wednesday,
        sum(num_thursday) as num_thursday,
        sum(num_friday) as num_friday,
        sum(num_saturday) as num_saturday,
        sum(num_sunday) as num_sunday,
        sum(num_winter) as num_winter,
        sum(num_spring) as num_spring,
        sum(num_summer) as num_summer,
        sum(num_autumn) as num_autumn,
        sum(num_holiday) as num_holiday
    from calendar_ends
    group by node_id
)
select
    view_nodes.*,
    coalesce(cast(counted.num_monday as double) / counted.num_half_events, 0D)
        as share_on_monday,
    coalesce(cast(counted.num_tuesday as double) / counted.num_half_events, 0D)
        as share_on_tuesday,
    coalesce(cast(counted.num_wednesday as double) / counted.num_half_events, 0D)
        as share_on_wednesday,
    coalesce(cast(counted.num_thursday as double) / counted.num_half_events, 0D)
        as share_on_thursday,
    coalesce(cast(counted.num_friday as double) / counted.num_half_events, 0D)
        as share_on_friday,
    coalesce(cast(counted.num_saturday as double) / counted.num_half_events, 0D)
        as share_on_saturday,
    coalesce(cast(counted.num_sunday as double) / counted.num_half_events, 0D)
        as share_on_sunday,
    coalesce(cast(counted.num_winter as double) / counted.num_half_events, 0D)
        as share_in_winter,
    coalesce(cast(counted.num_spring as double) / counted.num_half_events, 0D)
        as share_in_spring,
    coalesce(cast(counted.num_summer as double) / counted.num_half_events, 0D)
        as share_in_summer,
    coalesce(cast(counted.num_autumn as double) / counted.num_half_events, 0D)
        as share_in_autumn,
    coalesce(cast(counted.num_holiday as double) / counted.num_half_events, 0D)
        as share_on_holiday
from view_nodes
left join counted on view_nodes.node_id = counted.node_id
