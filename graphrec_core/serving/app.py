"""The HTTP service: recommendations of query nodes from the live shards."""

from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from fastapi import Path as PathParameter
from fastapi import Query as QueryParameter

from graphrec_core.lake import Lake
from graphrec_core.serving.router import Router

QueryId = Annotated[str, PathParameter(min_length=1, max_length=512)]
NumCandidates = Annotated[int, QueryParameter(ge=1, le=1000)]

Where = Annotated[str, QueryParameter(description="Region of a query node without a home.")]


def create_app(lake: Lake, check_every_s: float = 2.0) -> FastAPI:
    """Makes the service over one pipeline's lake.

    Args:
        lake: The lake.
        check_every_s: Seconds between two looks at LIVE.

    Raises:
        LakeError: A live shard is missing or damaged.
    """
    app, router = FastAPI(title="graphrec"), Router(lake, check_every_s)

    @app.get("/recommend/{query_id:path}")
    def recommend(query_id: QueryId, k: NumCandidates = 20, region: Where = "") -> dict[str, Any]:
        answer = router.answer(query_id, k, region)
        if answer is None:
            raise HTTPException(404, "no live region is the home of this query node")
        return answer.to_dict()

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        router.refresh()
        if not router.served:
            raise HTTPException(503, "nothing is live yet")
        return {"status": "ok", "release_id": router.live.release_id}

    @app.get("/regions")
    def regions() -> dict[str, Any]:
        router.refresh()
        return {region: live.model_dump() for region, live in router.live.regions.items()}

    return app
