-- Purpose:    what the query nodes did from a view's instant on: the truth a model is judged by.
-- Grain:      one row per query and candidate; region is the query's home in the view, null for a
--             query without one.
-- Reads:      holdout_events (src, dst, event_time, known_at, weight), view_queries (region,
--             node_id, role: query nodes of the view), view_edges (region, src, dst),
--             view_candidates (region, node_id, is_candidate)
-- Parameters: none
with pairs as (
    select
        src,
        dst,
        count(*) as num_events,
        min(event_time) as first_event_time,
        max(event_time) as last_event_time,
        max(known_at) as last_known_at
    from holdout_events
    group by src, dst
),
homes as (
    select node_id, region from view_queries where role = 'home'
),
candidates as (
    select node_id, region from view_candidates where is_candidate
)
select
    homes.region,
    pairs.src as query_id,
    pairs.dst as candidate_id,
    pairs.num_events,
    pairs.first_event_time,
    pairs.last_event_time,
    pairs.last_known_at,
    view_edges.src is not null as is_seen,
    candidates.node_id is not null as is_candidate
from pairs
left join homes on pairs.src = homes.node_id
left join view_edges
    on pairs.src = view_edges.src
    and pairs.dst = view_edges.dst
    and homes.region = view_edges.region
left join candidates on homes.region = candidates.region and pairs.dst = candidates.node_id
