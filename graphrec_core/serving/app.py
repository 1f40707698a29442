"""The HTTP service: recommendations of query nodes from the live shards."""

from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Response
from fastapi import Path as PathParameter
from fastapi import Query as QueryParameter

from graphrec_core.errors import UnavailableError
from graphrec_core.lake import Lake
from graphrec_core.serving.following import Picture
from graphrec_core.serving.router import Router

QueryId = Annotated[str, PathParameter(min_length=1, max_length=512)]
NumCandidates = Annotated[int, QueryParameter(ge=1, le=1000)]

Explain = Annotated[bool, QueryParameter(description="Say why each candidate stands there.")]
Where = Annotated[str, QueryParameter(description="Region of a query node without a home.")]


def create_app(lake: Lake, check_every_s: float = 2.0) -> FastAPI:
    """Makes the service over one pipeline's lake.

    Args:
        lake: The lake.
        check_every_s: Seconds between two looks at LIVE.

    A region that cannot be loaded answers from its last good shard, or 503; no other region
    minds. ``/healthz`` is 200 while any region answers, and its ``status`` is `ok` only where
    every region answers from what LIVE names, else `degraded`; 503 and `unavailable` where none
    does. ``/healthz`` and ``/regions`` give each region's state and what is wrong.
    """
    app, router = FastAPI(title="graphrec"), Router(lake, check_every_s)

    @app.get("/recommend/{query_id:path}")
    def recommend(
        query_id: QueryId, k: NumCandidates = 20, region: Where = "", *, explain: Explain = False
    ) -> dict[str, Any]:
        try:
            answer = router.answer(query_id, k, region, with_why=explain)
        except UnavailableError as error:
            raise HTTPException(503, str(error)) from error
        if answer is None:
            raise HTTPException(
                404,
                "no live region is the home of this query node; ?region= names "
                "one (see /regions) where it is answered as a stranger",
            )
        return answer.to_dict()

    @app.get("/healthz")
    def healthz(response: Response) -> dict[str, Any]:
        router.refresh()
        health = describe_health(router.picture)
        if health["status"] == "unavailable":
            response.status_code = 503
        return health

    @app.get("/regions")
    def regions() -> dict[str, Any]:
        router.refresh()
        return describe_regions(router.picture)

    return app


def describe_health(picture: Picture) -> dict[str, Any]:
    """Says as JSON values how well a service serves, and region by region what is wrong."""
    states = {str(region): picture.state(region) for region in picture.regions}
    if not picture.served:
        status = "unavailable"
    else:
        is_ok = not picture.fault and all(state == "ok" for state in states.values())
        status = "ok" if is_ok else "degraded"
    faults = {str(region): one.fault for region, one in picture.regions.items() if one.fault}
    if picture.fault:
        faults["LIVE.json"] = picture.fault
    release_id = picture.live.release_id
    return {"status": status, "release_id": release_id, "regions": states, "faults": faults}


def describe_regions(picture: Picture) -> dict[str, Any]:
    """Says as JSON values what answers in each region, and what LIVE names if that is another."""
    nothing = dict.fromkeys(("shard_id", "as_of", "serves", "release_id"))
    return {
        region: {
            **(one.entry.model_dump() if one.entry else nothing),
            "state": picture.state(region),
            "fault": one.fault or picture.fault,
            "wanted": one.wanted.shard_id,
        }
        for region, one in picture.regions.items()
    }
