-- Purpose:    the nodes of every region's graph: its home nodes and the far ends of its edges.
-- Grain:      one row per region and node.
-- Reads:      view_nodes (node_id, region, valid_from, known_at, title, features),
--             homes (node_id, home_region),
--             edge_ends (region, node_id: ends of the region's edges),
--             node_activity (node_id, num_events, last_event_time: over the whole view)
-- Parameters: :is_everywhere  boolean; nodes of this type have no home, they are members
--             :is_candidate   boolean; nodes of this type are recommended
--             :active_from    timestamp; a node is active if its last event is not older
with placed as (
    select home_region as graph_region, node_id from homes where home_region is not null
    union
    select region as graph_region, node_id from edge_ends
),
described as (
    select
        placed.graph_region,
        homes.home_region,
        view_nodes.* except (region),
        coalesce(node_activity.num_events, 0) as num_events,
        node_activity.last_event_time,
        coalesce(node_activity.last_event_time >= :active_from, false) as is_active,
        case
            when :is_everywhere then 'member'
            when homes.home_region = placed.graph_region then 'home'
            else 'halo'
        end as role
    from placed
    join view_nodes on placed.node_id = view_nodes.node_id
    join homes on placed.node_id = homes.node_id
    left join node_activity on placed.node_id = node_activity.node_id
)
select
    graph_region as region,
    * except (graph_region),
    :is_candidate and is_active and role <> 'halo' as is_candidate
from described
