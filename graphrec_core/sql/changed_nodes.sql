-- Purpose:    the nodes that came, went or moved between the views of two days.
-- Grain:      one row per changed node.
-- Reads:      old_nodes (node_id: every node of the earlier view),
--             old_homes (region, node_id, role: its written nodes by region),
--             new_homes (node_id, home_region: every node of the later view)
-- Parameters: none
with old as (
    select old_nodes.node_id, homes.region as home_region
    from old_nodes
    left join (select node_id, region from old_homes where role = 'home') as homes
        on old_nodes.node_id = homes.node_id
)
select coalesce(old.node_id, new_homes.node_id) as node_id
from old
full outer join new_homes on old.node_id = new_homes.node_id
where
    old.node_id is null
    or new_homes.node_id is null
    or old.home_region is distinct from new_homes.home_region
