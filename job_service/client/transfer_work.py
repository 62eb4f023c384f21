"""The transfer worker's side of the work queue: fetch elements, report on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from job_service.client.answers import nothing, reading
from job_service.client.call import Call, path
from job_service.client.resource import Action, E, Resource
from job_service.client.transfer_answers import Monitored, Work
from job_service.client.transfers import BASE

T = TypeVar("T")

NO_WORK = 404
#: Seconds for a report: of a large tree's listing, each entry becomes an element before the answer.
_LISTING_SECONDS = 300.0


class TransferWork(Resource[E]):
    """`client.transfer_work`; enumerations are numbers."""

    @Action
    def fetch(
        self, types: Sequence[int], *, algorithm: str | None = None, limits: Mapping[str, int] | None = None
    ) -> Call[list[Work]]:
        """Claim elements of these types, without retries; returns them grouped by job, each with its `token`.

        `algorithm` is `BY_NUMBER` (`limits` `{"limit": n}`) or `BY_SIZE` (`{"size": bytes}`).
        """
        body: dict[str, Any] = {"types": list(types)}
        if algorithm is not None:
            body |= {"algorithm": algorithm, "algorithm.args": dict(limits or {})}
        where = path(*BASE, "worker", "jobs")
        return Call(method="POST", path=where, body=body, reads=frozenset({NO_WORK}), parse=_fetched)

    @Action
    def report(self, job_id: int, element_id: int, token: str, outcome: Mapping[str, Any]) -> Call[None]:
        """End an attempt with `{returncode, host, log, timestamp, listing?}`; raises Forbidden when it is over."""
        return replace(_put(nothing, (job_id, element_id), token, outcome), patience=_LISTING_SECONDS)

    @Action
    def monitor(self, job_id: int, element_id: int, token: str, figures: Mapping[str, Any]) -> Call[Monitored]:
        """Report an attempt's figures, `{transferred, elapsed, instant, average}`, and renew its lease."""
        return _put(reading(Monitored), (job_id, element_id), token, figures, "monitoring")


_read = reading(list[Work])


def _fetched(response: httpx.Response) -> list[Work]:
    return [] if response.status_code == NO_WORK else _read(response)


def _put(
    parse: Callable[[httpx.Response], T], place: tuple[int, int], token: str, body: Mapping[str, Any], *rest: str
) -> Call[T]:
    job_id, element_id = place
    where = path(*BASE, "worker", "jobs", job_id, "elements", element_id, *rest)
    return Call(
        method="PUT",
        path=where,
        body=dict(body),
        headers={"X-Token": token},
        repeatable=bool(rest),
        parse=parse,
    )
