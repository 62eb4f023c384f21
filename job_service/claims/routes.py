"""`/claims`: the API for workers in any language."""

from flask import Blueprint, Response

from job_service.claims.adapter import Claims
from job_service.claims.wire import ClaimRequest, Update, Updates
from job_service.web.access import Role, allows
from job_service.web.answers import answer
from job_service.web.logs import found_nothing
from job_service.web.requests import query_integer, read_batch, read_body

_LONGEST_DELAY = 30 * 24 * 3600


def claim_routes(claims: Claims) -> Blueprint:
    """Return the routes for workers."""
    routes = Blueprint("claims", __name__, url_prefix="/claims")

    @routes.post("")
    @allows(Role.WORK)
    def claim() -> Response:
        body, headers = claims.claim(read_body(ClaimRequest))
        if not body["claims"]:
            found_nothing()
        return answer(body, headers=headers)

    @routes.patch("")
    @allows(Role.WORK)
    def update_many() -> Response:
        return answer({"results": claims.update_many(read_batch(Updates, "updates").updates)})

    @routes.patch("/<claim_id>/jobs/<job_id>")
    @allows(Role.WORK)
    def update(claim_id: str, job_id: str) -> Response:
        # The answer to a single update is the object that a batch has in its list.
        return answer(
            {"jobId": job_id, "claimId": claim_id, "ok": True, **claims.update(claim_id, job_id, read_body(Update))}
        )

    @routes.delete("/<claim_id>/jobs/<job_id>")
    @allows(Role.WORK)
    def release(claim_id: str, job_id: str) -> Response:
        return answer(claims.release(claim_id, job_id, query_integer("delay", 0, _LONGEST_DELAY, 0) or 0))

    return routes
