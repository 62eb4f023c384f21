"""`/claims`: the API for workers in any language."""

from flask import Blueprint, Response

from job_service.claims.adapter import Claims
from job_service.claims.wire import ClaimRequest, Update, Updates
from job_service.web.access import Role, allows
from job_service.web.answers import answer
from job_service.web.clients import has_hung_up
from job_service.web.logs import found_nothing
from job_service.web.request_ids import request_id
from job_service.web.requests import item_check, query_integer, read_batch, read_body

_LONGEST_DELAY = 30 * 24 * 3600


def claim_routes(claims: Claims) -> Blueprint:
    """Return the routes for workers."""
    routes = Blueprint("claims", __name__, url_prefix="/claims")

    @routes.post("")
    @allows(Role.WORK)
    def claim() -> Response:
        body, headers = claims.claim(read_body(ClaimRequest), request_id(), has_hung_up())
        if not body["claims"]:
            found_nothing()
        return answer(body, headers=headers)

    @routes.patch("")
    @allows(Role.WORK)
    def update_many() -> Response:
        items = read_batch(Updates, "updates").updates
        return answer({"results": claims.update_many(items, item_check(), request_id())})

    @routes.patch("/<claim_id>/jobs/<job_id>")
    @allows(Role.WORK)
    def update(claim_id: str, job_id: str) -> Response:
        # The answer to a single update is the object that a batch has in its list.
        told = claims.update(claim_id, job_id, read_body(Update), request_id())
        return answer({"jobId": job_id, "claimId": claim_id, "ok": True, **told})

    @routes.delete("/<claim_id>/jobs/<job_id>")
    @allows(Role.WORK)
    def release(claim_id: str, job_id: str) -> Response:
        delay = query_integer("delay", 0, _LONGEST_DELAY, 0) or 0
        return answer(claims.release(claim_id, job_id, delay, request_id()))

    return routes
