"""The OpenAPI document: what is described, joined to the routes there are."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Literal

from pydantic import TypeAdapter

from job_service.openapi.answers import ApiAnswer, Error
from job_service.openapi.catalog import OPERATIONS, TAGS
from job_service.openapi.operations import JSON, Operation, Parameter
from job_service.openapi.paths import Route
from job_service.openapi.transcoding import TAG as TRANSCODING

Object = dict[str, Any]

_REF = "#/components/schemas/{model}"
_WHOLE, _NUMBER = {"type": "integer"}, {"type": "number"}
_TEXT = {"type": "string"}
_PROBLEM = "application/problem+json"
_ABOUT = (
    "Jobs of every kind wait, are claimed by workers, and end. Each API keeps the words of the system it comes from. "
    "Errors say what is wrong in `message`; `code` is stable."
)
_SECURITY: Mapping[str, Object] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `job-service token create`."},
    "token": {"type": "apiKey", "in": "header", "name": "X-Token", "description": "The same, or a transfer's token."},
    "authorization": {"type": "apiKey", "in": "cookie", "name": "authorization", "description": "A JWT: who may."},
    "userInfo": {"type": "apiKey", "in": "cookie", "name": "user-info", "description": "A JWT: who it is."},
}
_TOKENS: list[dict[str, list[str]]] = [{"bearer": []}, {"token": []}]
_COOKIES: dict[str, list[str]] = {"authorization": [], "userInfo": []}


def make_document(routes: Iterable[Route], server: str, operations: Iterable[Operation] = OPERATIONS) -> Object:
    """Return the OpenAPI 3.1 document of these routes; `server` is the path that all of them start with."""
    described = {operation.key: operation for operation in operations}
    schemas = _Schemas(described.values())
    paths: dict[str, Object] = {}
    for route in sorted(routes, key=lambda route: route.key):
        operation = described.get(route.key)
        if operation is not None:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(operation, route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Job service", "version": version("job-service"), "description": _ABOUT},
        "servers": [{"url": server or "/"}],
        "tags": [{"name": name, "description": what} for name, what in TAGS.items()],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": dict(_SECURITY)},
    }


class _Schemas:
    """The schemas of everything that is sent and answered, with what they share in the components."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        types: list[Any] = [Error, ApiAnswer]
        for operation in operations:
            types += [kind for kind in (operation.body, *operation.answers.values()) if _is_type(kind)]
        self._places = {repr(kind): (place, kind) for place, kind in enumerate(types)}
        wanted: list[tuple[int, Literal["validation"], TypeAdapter[Any]]] = [
            (place, "validation", TypeAdapter(kind)) for place, kind in self._places.values()
        ]
        self._schemas, shared = TypeAdapter.json_schemas(wanted, ref_template=_REF)
        self.components: Object = shared.get("$defs", {})
        _say_it_to_generators([*self.components.values(), *self._schemas.values()])

    def of(self, kind: Any) -> Object:
        """Return the schema of a type, or a schema as it is."""
        if not _is_type(kind):
            return dict(kind)
        found: Object = self._schemas[self._places[repr(kind)][0], "validation"]
        return found


def _say_it_to_generators(value: Any) -> None:
    """Write down what JSON Schema leaves open, or says twice, and generators of clients take amiss.

    A choice of whole numbers and numbers becomes a class of its own, and fields that are not described are dropped
    unless it is said that there may be some.
    """
    if isinstance(value, dict):
        choices = value.get("anyOf", [])
        if _WHOLE in choices and _NUMBER in choices:
            choices.remove(_WHOLE)
        if choices == [_NUMBER]:
            value.update(value.pop("anyOf")[0])
        if value.get("type") == "object" and "properties" in value:
            value.setdefault("additionalProperties", True)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _say_it_to_generators(inner)


def _is_type(kind: Any) -> bool:
    return kind is not None and not isinstance(kind, Mapping)


def _operation(operation: Operation, route: Route, schemas: _Schemas) -> Object:
    roles = sorted(route.roles)
    described: Object = {
        "operationId": _identifier(operation),
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": f"{operation.what} Roles: {', '.join(roles)}.".strip(),
        "x-roles": roles,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": schema}
                for name, schema in route.parameters.items()
            ),
            *map(_parameter, operation.parameters),
        ],
        "responses": _responses(operation, route, schemas),
        "security": _security(route.roles),
    }
    if operation.body is not None:
        content = {"schema": schemas.of(operation.body)}
        if operation.example is not None:
            content["example"] = operation.example
        described["requestBody"] = {"required": operation.body_is_needed, "content": {operation.body_media: content}}
    return described


def _identifier(operation: Operation) -> str:
    words = operation.key.replace("/", " ").replace("-", " ").replace(".", " ").replace("{", " ").replace("}", " ")
    return "_".join(words.lower().split()) + ("_slash" if operation.path.endswith("/") else "")


def _parameter(parameter: Parameter) -> Object:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.what,
        "schema": dict(parameter.schema),
    }


def _security(roles: frozenset[str]) -> list[dict[str, list[str]]]:
    if "anyone" in roles:
        return []
    return [*_TOKENS, _COOKIES]


def _responses(operation: Operation, route: Route, schemas: _Schemas) -> Object:
    responses: Object = {}
    for status, kind in operation.answers.items():
        content = {"schema": _TEXT if kind is None else schemas.of(kind)}
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {operation.media: content},
            **({"headers": _headers(operation.headers)} if operation.headers else {}),
        }
    error = schemas.of(ApiAnswer if operation.tag == TRANSCODING else Error)
    content = {JSON: {"schema": error}, _PROBLEM: {"schema": schemas.of(Error)}}
    if operation.media == "text/html":
        content["text/html"] = {"schema": _TEXT}
    for status in sorted(_refusals(operation, route)):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    return responses


def _headers(headers: Mapping[str, str]) -> Object:
    return {name: {"description": what, "schema": {"type": "string"}} for name, what in headers.items()}


def _refusals(operation: Operation, route: Route) -> set[int]:
    """Return the statuses of errors: those of every route, of any with a body or with parameters, and its own."""
    if "anyone" in route.roles:
        return {503}
    body = {413, 415} if operation.body is not None else set()
    return {400, 401, 403, 429, 503, *body, *({404} if route.parameters else ()), *operation.refusals}
