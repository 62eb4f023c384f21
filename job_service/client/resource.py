"""Resources, whose methods are written once for both clients.

A method of a resource builds a `Call`. Its result depends on the client: with the synchronous one it is the
answer itself, with the asynchronous one a coroutine. The overloads below say so to a type checker.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from job_service.client.call import Call
from job_service.client.executor import Awaiting, Waiting
from job_service.client.pages import Page

P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E", bound=Waiting | Awaiting)


class Resource(Generic[E]):
    """The methods of one family of routes, run by `executor`."""

    def __init__(self, executor: E) -> None:
        self.executor = executor


class Action(Generic[P, T]):
    """A method that is one call: `answer = client.x.method(...)`, or with `await` on the async client."""

    def __init__(self, build: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.build = build
        update_wrapper(self, build)  # type: ignore[arg-type]  # a descriptor stands where the function stood

    @overload
    def __get__(self, resource: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Waiting], owner: type | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, resource: Resource[Awaiting], owner: type | None = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type | None = None) -> Any:
        """Bind to a resource: calling the result builds the call and runs it."""
        return self if resource is None else bound(self.build, resource, resource.executor.run)


class Listing(Generic[P, T]):
    """A method that yields the items of all pages: loop over it with `for`, or `async for` on the async client."""

    def __init__(self, build: Callable[Concatenate[Any, P], Call[Page[T]]]) -> None:
        self.build = build
        update_wrapper(self, build)  # type: ignore[arg-type]  # as above

    @overload
    def __get__(self, resource: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, resource: Resource[Waiting], owner: type | None = None) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type | None = None) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type | None = None) -> Any:
        """Bind to a resource; calling the result returns an iterator."""
        return self if resource is None else bound(self.build, resource, resource.executor.pages)


def bound(build: Callable[..., Any], resource: Resource[Any], run: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a method that builds a call and passes it to `run`."""

    def method(*args: Any, **kwargs: Any) -> Any:
        return run(build(resource, *args, **kwargs))

    return update_wrapper(method, build)
