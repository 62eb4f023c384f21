"""Flask's routes, in the spelling of OpenAPI."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from flask import Flask

_PLACE = re.compile(r"<(?:(?P<converter>\w+)(?:\((?P<arguments>[^)]*)\))?:)?(?P<name>\w+)>")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: Blueprints of pages, which are for people and not described.
_PAGES = frozenset({"console"})
_OWN_PAGE = "openapi.page"

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path; `parameters` are schemas by name."""

    method: str
    path: str
    parameters: Mapping[str, Schema]
    roles: frozenset[str]

    @property
    def key(self) -> str:
        """Return the key of the route's description, as in "GET /jobs/{job_id}"."""
        return f"{self.method} {self.path}"


def routes_of(app: Flask) -> Iterator[Route]:
    """Yield every route but pages and static files; a path with `any(...)` becomes one path for each word."""
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if blueprint in _PAGES or rule.endpoint == _OWN_PAGE or rule.endpoint.rpartition(".")[2] == "static":
            continue
        roles = getattr(app.view_functions[rule.endpoint], "allowed_roles", frozenset({"admin"}))
        for path in _spelled_out(rule.rule):
            for method in _METHODS:
                if method in (rule.methods or ()):
                    yield Route(method, _PLACE.sub(r"{\g<name>}", path), _parameters(path), roles)


def _spelled_out(rule: str) -> Iterator[str]:
    """Yield a rule with each of the words that an `any(...)` in it allows."""
    pieces: list[list[str]] = []
    end = 0
    for place in _PLACE.finditer(rule):
        words = place["arguments"].split(",") if place["converter"] == "any" else [place[0]]
        pieces += [[rule[end : place.start()]], [word.strip() for word in words]]
        end = place.end()
    yield from map("".join, product(*pieces, [rule[end:]]))


def _parameters(path: str) -> dict[str, Schema]:
    return {place["name"]: _schema(place) for place in _PLACE.finditer(path)}


def _schema(place: re.Match[str]) -> Schema:
    if place["converter"] not in {"int", "numeral"}:
        return {"type": "string", "minLength": 1}
    return {"type": "integer"} if place["arguments"] else {"type": "integer", "minimum": 0}
