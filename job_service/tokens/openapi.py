"""The description of `/tokens`."""

from typing import NotRequired

from typing_extensions import TypedDict

from job_service.mongo.keys.tokens import Token
from job_service.tokens.routes import NewToken
from job_service.web.answers import Message
from job_service.web.operations import Operation, Section


class MadeToken(TypedDict):
    """A new token; the secret is in this answer only."""

    name: str
    token: str
    roles: NotRequired[list[str]]
    user: NotRequired[int]


TOKENS = Section(
    "tokens",
    "Credentials for programs and people.",
    (
        Operation(
            "POST /tokens",
            "Make a token; its secret is shown only now",
            MadeToken,
            statuses=(201,),
            body=NewToken,
            example={"name": "worker-1", "roles": ["work"]},
            refusals=(409,),
        ),
        Operation("GET /tokens", "The tokens there are", list[Token]),
        Operation("DELETE /tokens/{name}", "Revoke a token", Message),
    ),
)
