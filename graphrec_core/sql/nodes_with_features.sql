-- Purpose:    the nodes of a view with their timed features.
-- Grain:      one row per row of view_nodes.
-- Reads:      view_nodes (the result of nodes_as_of), view_features (that of features_as_of)
-- Parameters: none
-- The equi-join by name keeps one node_id.
select *
from view_nodes
left join view_features using (node_id)
