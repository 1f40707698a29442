-- Purpose:    the home region of nodes that have none of their own: where most of their events are.
-- Grain:      one row per node with an event in a region.
-- Reads:      events_in_regions (node_id, region, event_time: the other end's home region)
-- Parameters: none
-- Ties go to the region of the latest event, then to the first name.
with counted as (
    select node_id, region, count(*) as num_events, max(event_time) as last_event_time
    from events_in_regions
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
