-- Purpose:    how many edges stand in no region's graph.
-- Grain:      one row per region at whose border edges are dropped (those stand at two), and one
--             without a region for the edges of which neither end has a home.
-- Reads:      pairs (src, dst), src_homes, dst_homes (node_id, home_region: every node of the
--             view; a null region is a node that lives everywhere or nowhere)
-- Parameters: :drop_border  boolean; edges whose ends have different homes are left out
with placed as (
    select src_homes.home_region as src_region, dst_homes.home_region as dst_region
    from pairs
    join src_homes on pairs.src = src_homes.node_id
    join dst_homes on pairs.dst = dst_homes.node_id
),
left_out as (
    select
        explode(
            case
                when src_region is null and dst_region is null then array(src_region)
                when :drop_border and src_region <> dst_region then array(src_region, dst_region)
            end
        ) as region
    from placed
)
select region, count(*) as num_edges
from left_out
group by region
