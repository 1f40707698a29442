-- Purpose:    how many home nodes every region has.
-- Grain:      one row per region that a node of any type calls home.
-- Reads:      all_homes (home_region, is_counted: whether the node's type counts)
-- Parameters: none
select home_region, sum(case when is_counted then 1 else 0 end) as num_nodes
from all_homes
where home_region is not null
group by home_region
