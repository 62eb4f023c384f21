"""Lists that come in pages, joined by `Link: <...>; rel="next"`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import httpx
from pydantic import TypeAdapter

from job_service.client.answers import adapter_of, json_of, value_of
from job_service.client.call import Call
from job_service.client.errors import Unreadable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of one page, and the query of the next one, if there is one."""

    items: list[T]
    next_query: Mapping[str, str] | None

    def after(self, call: "Call[Page[T]]") -> "Call[Page[T]] | None":
        """Return the call for the next page, with the link's query only, so that no token goes to another host.

        Raises Unreadable where the link leads to the same page.
        """
        if self.next_query is None:
            return None
        if self.next_query == call.query:
            raise Unreadable("The list goes on with the same page")
        return replace(call, query=self.next_query)


def paging(kind: type[T]) -> Callable[[httpx.Response], Page[T]]:
    """Return a parser of pages whose items have this type."""
    item: Any = kind
    adapter: TypeAdapter[list[T]] = adapter_of(list[item])

    def read(response: httpx.Response) -> Page[T]:
        return Page(value_of(adapter, json_of(response)), _next_query(response))

    return read


def _next_query(response: httpx.Response) -> Mapping[str, str] | None:
    link = response.links.get("next", {}).get("url")
    try:
        return None if link is None else dict(httpx.URL(link).params)
    except httpx.InvalidURL as error:
        raise Unreadable(f"The Link to the next page is none: {error}") from error
