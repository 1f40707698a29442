-- Purpose:    homes after regions were merged.
-- Grain:      one row per row of homes.
-- Reads:      homes (node_id, home_region), merged_regions (old_region, new_region)
-- Parameters: none
select homes.node_id, coalesce(merged_regions.new_region, homes.home_region) as home_region
from homes
left join merged_regions on homes.home_region = merged_regions.old_region
