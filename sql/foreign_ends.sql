-- Purpose:    the nodes of every region's graph that do not have their home there.
-- Grain:      one row per region and node.
-- Reads:      region_edges (region, src, dst, crosses_border: edges by region),
--             src_homes, dst_homes (node_id, home_region)
-- Parameters: none
-- Of an edge that crosses a border either end may be foreign; the home one is found elsewhere too,
-- and the union in nodes_by_region removes it. Ends without a home are members or halo everywhere.
with homeless_src as (
    select node_id from src_homes where home_region is null
),
homeless_dst as (
    select node_id from dst_homes where home_region is null
)
select region, src as node_id, true as is_src from region_edges where crosses_border
union
select region, dst as node_id, false as is_src from region_edges where crosses_border
union
select region_edges.region, region_edges.src as node_id, true as is_src
from region_edges
join homeless_src on region_edges.src = homeless_src.node_id
union
select region_edges.region, region_edges.dst as node_id, false as is_src
from region_edges
join homeless_dst on region_edges.dst = homeless_dst.node_id
