"""API tokens: credentials for programs, people and the users of transfers."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from job_service.client.answers import Answer, nothing, reading
from job_service.client.call import Call, path
from job_service.client.resource import Action, E, Resource


class NewToken(Answer):
    """A new token; only this answer has its secret."""

    name: str
    token: str = Field(repr=False)


class Token(Answer):
    """A token without its secret."""

    name: str
    roles: list[str]
    created_at: datetime
    last_used_at: datetime | None = None


class Tokens(Resource[E]):
    """`client.tokens`."""

    @Action
    def create(self, name: str, roles: Sequence[str]) -> Call[NewToken]:
        """Make a token with roles; the first one turns credentials on. Raises Conflict for a name that is taken."""
        body = {"name": name, "roles": list(roles)}
        return Call(method="POST", path="/tokens", body=body, parse=reading(NewToken))

    @Action
    def create_for_user(self, name: str, user: int) -> Call[NewToken]:
        """Make a token for a user of the transfers, by number."""
        return Call(method="POST", path="/tokens", body={"name": name, "user": user}, parse=reading(NewToken))

    @Action
    def list(self) -> Call[list[Token]]:
        """List the tokens, by name."""
        return Call(method="GET", path="/tokens", parse=reading(list[Token]))

    @Action
    def revoke(self, name: str) -> Call[None]:
        """Revoke a token. Raises NotFound."""
        return Call(method="DELETE", path=path("tokens", name), parse=nothing)
