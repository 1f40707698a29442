-- Purpose:    the home region of nodes that have none of their own: where most of their events are.
-- Grain:      one row per node with an event in a region.
-- Reads:      pairs_in_regions (node_id, region: the other end's home region, num_events,
--             last_event_time)
-- Parameters: none
-- Ties go to the region of the latest event, then to the first name.
with counted as (
    select
        node_id,
        region,
        sum(num_events) as num_events,
        max(last_event_time) as last_event_time
    from pairs_in_regions
    where region is not null
    group by node_id, region
),
ranked as (
    select
        node_id,
        region,
        row_number() over (
            partition by node_id order by num_events desc, last_event_time desc, region
        ) as place
    from counted
)
select node_id, region
from ranked
where place = 1
