"""The OpenAPI document: descriptions joined with the routes of the application."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Literal

from pydantic import TypeAdapter

from job_service.openapi.paths import Route
from job_service.web.answers import Error
from job_service.web.operations import HTML, JSON, Operation, Parameter, Section
from job_service.web.paging import MOST_A_PAGE

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
#: The parameters of every paged list, and the header of its answer that links to the next page.
_PAGES = (
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_A_PAGE}, "How many at most."),
    Parameter("cursor", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,86}$"}, "Where to go on, from `Link`."),
)
_LINK = {"Link": 'Where there is a next page: `<...>; rel="next"`.'}
_COOKIES: dict[str, list[str]] = {"authorization": [], "userInfo": []}


def make_document(routes: Iterable[Route], server: str, sections: Sequence[Section]) -> Object:
    """Return the OpenAPI 3.1 document of these routes; `server` is the path that all of them start with."""
    described = _described(sections)
    schemas = _Schemas(described.values())
    paths: dict[str, Object] = {}
    for route in sorted(routes, key=lambda route: route.key):
        if route.key in described:
            section, operation = described[route.key]
            shown = _operation(section, operation, route, schemas)
            paths.setdefault(route.path, {})[route.method.lower()] = shown
    return {
        "openapi": "3.1.0",
        "info": {"title": "Job service", "version": version("job-service"), "description": _ABOUT},
        "servers": [{"url": server or "/"}],
        "tags": [{"name": section.name, "description": section.what} for section in sections],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": dict(_SECURITY)},
    }


def _described(sections: Iterable[Section]) -> dict[str, tuple[Section, Operation]]:
    """Return the described operations by their keys, without those that another operation describes as well."""
    known = {operation.key: (section, operation) for section in sections for operation in section.operations}
    for _, part in list(known.values()):
        if part.within:
            section, whole = known[part.within]
            what = f"{whole.what} {part.what}"
            known[whole.key] = section, replace(whole, answer=whole.answer | part.answer, what=what)
            del known[part.key]
    return known


class _Schemas:
    """The schemas of all bodies; shared models stand in the document's components."""

    def __init__(self, described: Iterable[tuple[Section, Operation]]) -> None:
        types: list[Any] = [Error]
        for section, operation in described:
            types += filter(_is_type, (section.error, operation.body, operation.answer))
        self._places = {repr(kind): (place, kind) for place, kind in enumerate(types)}
        wanted: list[tuple[int, Literal["validation"], TypeAdapter[Any]]] = [
            (place, "validation", TypeAdapter(kind)) for place, kind in self._places.values()
        ]
        self._schemas, shared = TypeAdapter.json_schemas(wanted, ref_template=_REF)
        self.components: Object = shared.get("$defs", {})
        _say_it_to_generators([*self.components.values(), *self._schemas.values()])

    def of(self, kind: Any) -> Object:
        """Return the JSON Schema of a type; a schema is returned unchanged."""
        if not _is_type(kind):
            return dict(kind)
        found: Object = self._schemas[self._places[repr(kind)][0], "validation"]
        return found


def _say_it_to_generators(value: Any) -> None:
    """Change, in place, the parts of a schema that generators of clients misread.

    Generators make a class of `anyOf` of integer and number, and drop undescribed fields
    unless `additionalProperties` is spelled out.
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


def _operation(section: Section, operation: Operation, route: Route, schemas: _Schemas) -> Object:
    roles = sorted(route.roles)
    places = [{"name": name, "in": "path", "required": True, "schema": each} for name, each in route.parameters.items()]
    others = (*operation.parameters, *(_PAGES if operation.paged else ()))
    described: Object = {
        "operationId": _identifier(operation),
        "tags": [section.name],
        "summary": operation.summary,
        "description": f"{operation.what} Roles: {', '.join(roles)}.".strip(),
        "x-roles": roles,
        "parameters": [*places, *map(_parameter, others)],
        "responses": {
            **{str(status): _answer(operation, status, schemas) for status in operation.statuses},
            **_refusals(section, operation, route, schemas),
        },
        "security": [] if "anyone" in roles else [*_TOKENS, _COOKIES],
    }
    if operation.body is not None:
        example = {} if operation.example is None else {"example": operation.example}
        content = {operation.body_media: {"schema": schemas.of(operation.body), **example}}
        described["requestBody"] = {"required": operation.body_is_needed, "content": content}
    return described


def _identifier(operation: Operation) -> str:
    words = re.findall(r"[^ /.{}-]+", operation.key.lower())
    return "_".join(words) + ("_slash" if operation.path.endswith("/") else "")


def _parameter(parameter: Parameter) -> Object:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.what,
        "schema": dict(parameter.schema),
    }


def _answer(operation: Operation, status: int, schemas: _Schemas) -> Object:
    content = {"schema": _TEXT if operation.answer is None else schemas.of(operation.answer)}
    told = {**operation.headers, **(_LINK if operation.paged else {})}
    headers = {name: {"description": what, "schema": _TEXT} for name, what in told.items()}
    answer: Object = {
        "description": HTTPStatus(status).phrase,
        "content": {operation.media: content},
    }
    return {**answer, "headers": headers} if headers else answer


def _refusals(section: Section, operation: Operation, route: Route, schemas: _Schemas) -> Object:
    content = {JSON: {"schema": schemas.of(section.error)}, _PROBLEM: {"schema": schemas.of(Error)}}
    if operation.media == HTML:
        content[HTML] = {"schema": _TEXT}
    statuses = sorted(_statuses(operation, route))
    return {str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _statuses(operation: Operation, route: Route) -> set[int]:
    """Return a route's error statuses: those of every route, those of routes with a body or parameters, and its own."""
    if "anyone" in route.roles:
        return {503}
    body = {413, 415} if operation.body is not None else set()
    return {400, 401, 403, 429, 503, *body, *({404} if route.parameters else ()), *operation.refusals}
