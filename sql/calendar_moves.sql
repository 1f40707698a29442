-- Purpose:    the nodes whose events may lie otherwise in the calendar than the day before.
-- Grain:      one row per node.
-- Reads:      changed_nodes (node_id: those that came, went or moved), old_nodes, new_nodes
--             (node_id, latitude: the nodes of both views)
-- Parameters: none
-- Seasons depend on the hemisphere, and on whether it is known.
select node_id
from changed_nodes
union
select new_nodes.node_id
from new_nodes
join old_nodes on new_nodes.node_id = old_nodes.node_id
where (new_nodes.latitude < 0) is distinct from (old_nodes.latitude < 0)
