-- Purpose:    the nodes of which nothing was known before an instant.
-- Grain:      one row per node.
-- Reads:      node_versions (accepted rows of one node type)
-- Parameters: :known_before  timestamp; a view's cutoff
-- A row without known_at was always there.
select node_id
from node_versions
group by node_id
having max(case when known_at is null or known_at < :known_before then 1 else 0 end) = 0
