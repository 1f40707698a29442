-- Purpose:    how many nodes a view has, and how many of them have no home region.
-- Grain:      one row per node type with a node.
-- Reads:      all_homes (node_type, home_region)
-- Parameters: none
select
    node_type,
    count(*) as num_nodes,
    count(*) - count(home_region) as num_homeless
from all_homes
group by node_type
