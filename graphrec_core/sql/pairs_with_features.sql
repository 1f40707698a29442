-- Purpose:    the pairs of a view with their edge features.
-- Grain:      one row per row of pairs.
-- Reads:      pairs (the result of the query of this name),
--             pair_features (src, dst and the features: a row for each of these pairs)
-- Parameters: none
-- The equi-join by name keeps one src and one dst.
select *
from pairs
join pair_features using (src, dst)
