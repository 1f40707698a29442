-- Purpose:    the rows of a canonical table that had reached us in time.
-- Grain:      one row per row of fitted_rows.
-- Reads:      fitted_rows (a SELECT's result, fitted to its canonical table)
-- Parameters: :known_before  timestamp; rows that reached us later do not exist for this run
-- A row without a time is kept: it is bad, and check_*.sql says so.
select *
from fitted_rows
where known_at is null or known_at < :known_before
