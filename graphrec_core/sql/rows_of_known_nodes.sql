-- Purpose:    the rows of an edge type whose two nodes were known in time.
-- Grain:      one row per row of event_rows that is kept.
-- Reads:      event_rows (accepted rows of one edge type),
--             late_src, late_dst (node_id: nodes of which nothing was known in time)
-- Parameters: none
-- The rows were accepted with all nodes that are known today. A correction that names a node
-- known only later was bad on the day of the view, and must not win over the row it corrects.
select event_rows.*
from event_rows
left join late_src on event_rows.src = late_src.node_id
left join late_dst on event_rows.dst = late_dst.node_id
where late_src.node_id is null and late_dst.node_id is null
