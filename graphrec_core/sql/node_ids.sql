-- Purpose:    the ids of a node type, for checking what refers to it.
-- Grain:      one row per node.
-- Reads:      node_versions (accepted rows of one node type)
-- Parameters: none
select distinct node_id
from node_versions
