"""Expands a listing into elements: stored in pieces, inserted in batches, without effect until the LIST has ended.

Each report of a listing stores its data under a mark of its own. The fenced write that ends the LIST names its mark in
the same statement; only elements with that mark are ever claimable, and all others are removed. So a crash in the
middle, the same listing sent again, or two concurrent ones create no element twice.
"""

import secrets
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from job_service.lifecycle.job import Job, NewJob
from job_service.lifecycle.reports import Accepted, Answer, Report
from job_service.mongo.store import Store
from job_service.transfers.document import KIND, at_target, element_id
from job_service.transfers.elements_store import Elements
from job_service.transfers.listings_store import Listings
from job_service.transfers.planning import Planned, checked_listing, plan
from job_service.transfers.words import JobType

_BATCH = 1_000
_ENTRIES_A_PIECE = 5_000

Listing = dict[str, Any]


class Expansion:
    """Ends LIST elements, and expands their listings."""

    def __init__(self, store: Store, elements: Elements, listings: Listings) -> None:
        self._store = store
        self._elements = elements
        self._listings = listings

    def finish(self, parent: Job, element: Job, listing: Listing, end: Report) -> Answer:
        """Store a listing and its elements, then send the report that makes them valid.

        The listing of a LIST job is data, and stored unchecked. Raises Invalid when the listing of any other job is
        of another path than the requested one; then nothing is stored.
        """
        planned = _planned(parent, listing)
        mark = secrets.token_hex(8)
        self._listings.store(element["_id"], mark, _pieces(listing))
        new_jobs = _new_jobs(parent, element, planned, mark, end.request_id)
        count = 0
        while batch := list(islice(new_jobs, _BATCH)):
            held = self._still_held(end)
            if not isinstance(held, Accepted):
                return held
            self._store.submission.create(batch, repeated=True)
            count += len(batch)
        amend = (*end.amend, ("expansion", mark), ("elements", count))
        answer = self._store.reporting.report([end._replace(amend=amend)])[0]
        if isinstance(answer, Accepted):
            self._listings.forget_others(element["_id"], self._mark_of(element, mark))
        return answer

    def listing_of(self, element: Job) -> Listing | None:
        """Return a LIST's listing; None while it has reported none."""
        mark = element["parameters"].get("expansion") if element["type"] == JobType.LIST.name else None
        return self._listings.read(element["_id"], mark) if mark else None

    def _still_held(self, end: Report) -> Answer:
        """Renew the lease while the elements are stored, and stop as soon as another worker has the LIST."""
        return self._store.reporting.report([Report(job_id=end.job_id, claim_id=end.claim_id)])[0]

    def _mark_of(self, element: Job, mine: str) -> str:
        """Return the valid mark: that of the first of equal reports."""
        ended = self._store.reading.get(element["_id"])
        return str(ended["parameters"].get("expansion", mine)) if ended else mine


def _planned(parent: Job, listing: Listing) -> Iterable[Planned]:
    job_type = JobType[parent["type"]]
    if job_type is JobType.LIST:
        return ()
    parameters = parent["parameters"]
    return plan(job_type, parameters["src_filepath"], parameters.get("dst_filepath"), checked_listing(listing))


def _pieces(listing: Listing) -> Iterator[tuple[str, Any]]:
    for folder, entries in listing.items():
        if not isinstance(entries, list):
            yield folder, entries
            continue
        for start in range(0, len(entries) or 1, _ENTRIES_A_PIECE):
            yield folder, entries[start : start + _ENTRIES_A_PIECE]


def _new_jobs(
    parent: Job, element: Job, planned: Iterable[Planned], mark: str, request_id: str | None
) -> Iterator[NewJob]:
    kept = ("job", "user", "src_siteid", "dst_siteid", "protocol", "sealed")
    shared = {name: element["parameters"][name] for name in kept if name in element["parameters"]}
    for number, item in enumerate(planned, 1):
        parameters = {**shared, "element": number, "src_filepath": item.source, "size": item.size}
        if item.target is not None:
            parameters["dst_filepath"] = item.target
        yield NewJob(
            kind=KIND,
            parameters={**(at_target(parameters) if item.makes else parameters), "expansion": mark, "wave": item.wave},
            job_id=element_id(parent["_id"], mark, number),
            type=JobType.MKDIR.name if item.makes else parent["type"],
            priority=parent["priority"],
            max_attempts=parent["maxAttempts"],
            start_before=parent.get("startBefore"),
            max_run_seconds=parent.get("maxRunSeconds"),
            parent_id=parent["_id"],
            held_back=True,
            created_by=parent["createdBy"],
            request_id=request_id,
            traceparent=parent.get("traceparent"),
        )
