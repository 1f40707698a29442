"""Edge features of pairs: one value per pair and column, by the aggregation of the YAML.

Values are equal to the bit whatever the order of rows and the engine, as weights are (see
``sql/pairs.sql``): sums are of integers, and of events at one time the last is the one that was
known last, then the one with the greatest value; the first likewise the other way round. An event
without a value counts for none of them; a pair without any has none. Age plays no part in them:
``time.half_life_days`` is about weights.
"""

from collections.abc import Mapping

from graphrec_core.config.source import Aggregation
from graphrec_core.engine import Engine, Relation
from graphrec_core.engine.queries import quoted


def with_features(
    engine: Engine, pairs: Relation, events: Relation, features: Mapping[str, Aggregation]
) -> Relation:
    """Adds edge features to pairs.

    Args:
        engine: A running engine.
        pairs: A view's pairs.
        events: The events that they were made of, with the features.
        features: Column -> its aggregation; none: the pairs stay as they are.
    """
    if not features:
        return pairs
    columns = ", ".join(
        f"{_aggregated(quoted(name), features[name])} as {quoted(name)}"
        for name in sorted(features)
    )
    text = f"select src, dst, {columns} from view_events group by src, dst"
    values = engine.query(text, {"view_events": events})
    return engine.run("pairs_with_features", {"pairs": pairs, "pair_features": values})


def _aggregated(column: str, how: Aggregation) -> str:
    dated = f"case when {column} is not null then struct(event_time, known_at, {column} as v) end"
    match how:
        case "max":
            return f"max({column})"
        case "last":
            return f"max({dated}).v"
        case "first":
            return f"min({dated}).v"
        case "mean":
            return f"{_sum(column)} / case when count({column}) > 0 then count({column}) end"
        case "sum":
            return _sum(column)


def _sum(column: str) -> str:
    """Sums the whole parts, and twelve places of the rest."""
    whole = f"cast(sum(cast(floor({column}) as decimal(20, 0))) as double)"
    rest = f"floor(({column} - floor({column})) * 1e12 + 0.5D)"
    return f"({whole} + cast(sum({rest}) as double) / 1e12)"
