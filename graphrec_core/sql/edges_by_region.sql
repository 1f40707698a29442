-- Purpose:    the edges of every region's graph: all that touch one of its home nodes.
-- Grain:      one row per region, src and dst.
-- Reads:      pairs (src, dst and any other columns),
--             src_homes, dst_homes (node_id, home_region: every node of the view; a null region
--             is a node that lives everywhere or nowhere)
-- Parameters: :drop_border  boolean; leave out edges whose ends have different homes
-- An edge between two regions stands in both.
with placed as (
    select
        pairs.*,
        src_homes.home_region as src_region,
        dst_homes.home_region as dst_region,
        coalesce(src_homes.home_region <> dst_homes.home_region, false) as crosses_border
    from pairs
    join src_homes on pairs.src = src_homes.node_id
    join dst_homes on pairs.dst = dst_homes.node_id
),
standing as (
    select
        *,
        explode(
            case
                when not crosses_border then array(coalesce(src_region, dst_region))
                when not :drop_border then array(src_region, dst_region)
            end
        ) as region
    from placed
)
select region, * except (region, src_region, dst_region)
from standing
where region is not null
