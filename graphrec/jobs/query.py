"""Answers one query node from the live shard of its home region."""

from graphrec_core.config import PipelineConfig
from graphrec_core.errors import AbsentError, ConfigError
from graphrec_core.lake import Lake
from graphrec_core.serving.answer import Answer
from graphrec_core.serving.router import Router


def run(
    config: PipelineConfig,
    query_id: str = "",
    k: int = 10,
    region: str = "",
    *,
    with_why: bool = False,
) -> Answer:
    """Recommends to one query node.

    Args:
        config: The pipeline.
        query_id: The node; empty: a sample active one of the first live region.
        k: Neighbours.
        region: Where the node is if no live region is its home.
        with_why: Say of each candidate why it stands there.

    Raises:
        AbsentError: Nothing is live.
        UnavailableError: The node may be at home in a live region that cannot be loaded.
        ConfigError: No live region is the node's home, or has the name ``region``.
    """
    router = Router(Lake(config))
    if region and region not in router.served:
        router.refuse_unavailable()
        raise ConfigError(
            must="--region must be a live region.",
            found=repr(region),
            fix=f"Name one of these: {', '.join(sorted(router.served)) or 'none is live'}.",
        )
    example = router.sample()
    node = query_id or example
    if node is None or not router.served:
        router.refuse_unavailable()
        raise AbsentError(
            must="A region with an active query node must be live.",
            found=f"{len(router.served)} live regions",
            fix="Run a day and publish it first; `graphrec status` shows what is live.",
        )
    answer = router.answer(node, k, region, with_why=with_why)
    if answer is None:
        raise ConfigError(
            must=f"The query node must be a {config.task.query} at home in a live region.",
            found=repr(node),
            fix="Give another id"
            + (f", such as {example!r}," if example else "")
            + " or --region, where it is answered as a stranger.",
        )
    return answer
