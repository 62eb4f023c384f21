"""`/tokens`: credentials for programs and people."""

from collections.abc import Callable
from typing import Annotated, Literal

from flask import Blueprint, Response
from pydantic import Field, StringConstraints, model_validator

from job_service.lifecycle.clock import Clock
from job_service.mongo.keys.tokens import Tokens
from job_service.web.access import Role, allows, caller
from job_service.web.answers import answer
from job_service.web.bodies import Body
from job_service.web.requests import read_body
from job_service.web.tokens import Signer, UserToken

_YEAR = 365 * 24 * 3600

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$")]
RoleName = Literal["submit", "work", "view", "operate", "admin"]


class NewToken(Body):
    """`POST /tokens`: roles for a program or a person, or the number of a user of the transfers."""

    name: Name
    roles: list[RoleName] = Field(default_factory=list, max_length=5)
    user: int | None = Field(default=None, ge=1, le=2**31 - 1)
    seconds: int = Field(default=_YEAR, ge=60, le=10 * _YEAR)

    @model_validator(mode="after")
    def _one_of_both(self) -> "NewToken":
        if bool(self.roles) == (self.user is not None):
            raise ValueError("either roles or a user is required")
        return self


def token_routes(tokens: Tokens, signer: Callable[[], Signer], clock: Clock) -> Blueprint:
    """Return the routes of tokens; users' tokens are signed by `signer`, and not stored."""
    routes = Blueprint("tokens", __name__, url_prefix="/tokens")

    @routes.post("")
    @allows(Role.ADMIN)
    def create() -> Response:
        new = read_body(NewToken)
        if new.user is not None:
            expires_at = int(clock.now().timestamp()) + new.seconds
            email = new.name if "@" in new.name else None
            signed = signer().sign_user(UserToken(new.user, expires_at, email))
            return answer({"name": new.name, "user": new.user, "token": signed}, 201)
        secret = tokens.create(new.name, list(new.roles), caller().name)
        return answer({"name": new.name, "roles": new.roles, "token": secret}, 201)

    @routes.get("")
    @allows(Role.ADMIN)
    def all_tokens() -> Response:
        return answer(tokens.all())

    @routes.delete("/<name>")
    @allows(Role.ADMIN)
    def revoke(name: str) -> Response:
        tokens.revoke(name)
        return answer({"message": f"OK, {name} revoked"})

    return routes
