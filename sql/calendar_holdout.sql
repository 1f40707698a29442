-- Purpose:    the holdout's pairs with the day, the season and the holiday of their first event.
-- Grain:      one row per row of holdout_pairs.
-- Reads:      holdout_pairs (query_id, candidate_id and any other columns), calendar_pairs (the
--             result of the query of this name, of the holdout's events)
-- Parameters: none
select
    holdout_pairs.*,
    calendar_pairs.first_weekday,
    calendar_pairs.first_season,
    calendar_pairs.is_first_on_holiday
from holdout_pairs
join calendar_pairs
    on holdout_pairs.query_id = calendar_pairs.src
    and holdout_pairs.candidate_id = calendar_pairs.dst
