-- Purpose:    what the query nodes did between the cut and as_of: the truth a model is judged by.
-- Grain:      one row per query and candidate; region is the query's home at the cut, null for a
--             query without one.
-- Reads:      holdout_events (src, dst, event_time, known_at, weight), query_homes (node_id,
--             home_region at the cut), train_pairs (src, dst of the train view),
--             train_candidates (region, node_id)
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
)
select
    query_homes.home_region as region,
    pairs.src as query_id,
    pairs.dst as candidate_id,
    pairs.num_events,
    pairs.first_event_time,
    pairs.last_event_time,
    pairs.last_known_at,
    train_pairs.src is not null as is_seen,
    train_candidates.node_id is not null as is_candidate
from pairs
left join query_homes on pairs.src = query_homes.node_id
left join train_pairs on pairs.src = train_pairs.src and pairs.dst = train_pairs.dst
left join train_candidates
    on query_homes.home_region = train_candidates.region
    and pairs.dst = train_candidates.node_id
