"""The submitter of jobs of a kind without users of its own: the token's owner, or this machine."""

from collections.abc import Mapping
from typing import Any

from job_service.kinds.dialect import Sender
from job_service.lifecycle.errors import Forbidden, Unauthorized
from job_service.web.access import LOCAL, Role, caller
from job_service.web.request_ids import request_id
from job_service.web.requests import item_check


def submitting_user() -> dict[str, Any]:
    """Return `{userId, firstName, lastName}` of the present request's caller. Raises Unauthorized and Forbidden."""
    found = caller()
    if not found.roles:
        raise Unauthorized("This service wants a token: Authorization: Bearer <token>")
    if Role.SUBMIT not in found.roles:
        raise Forbidden(f"{found.proof} does not allow submitting")
    if found is LOCAL:
        return {"userId": "local", "firstName": "Local", "lastName": "User"}
    return {"userId": found.name, "firstName": found.name, "lastName": ""}


def sending(user: Mapping[str, Any]) -> Sender:
    """Return the sender of the present request, who is that user."""
    return Sender(user, request_id(), item_check())
