"""`/jobs`, `/targets` and `/importable-datasets`."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import replace

from flask import Blueprint, Response
from pydantic import Field

from job_service.dataset_words import OPERATIONS
from job_service.datasets.adapter import Datasets
from job_service.datasets.document import DATASET
from job_service.datasets.importable import ImportableDataset, valid_dataset_name
from job_service.datasets.input_folder import InputFolder
from job_service.datasets.store import about_target
from job_service.datasets.submission import result
from job_service.datasets.updates import Updates
from job_service.datasets.wire import Importable, JobUpdate, NamedJobUpdate
from job_service.kinds.batches import Batches
from job_service.kinds.dialect import Dialect
from job_service.kinds.keys import idempotency_key
from job_service.kinds.users import sending
from job_service.lifecycle.errors import Invalid, NotFound
from job_service.lifecycle.job import Job, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.view import core_view
from job_service.mongo.verbs.reading import JobFilter
from job_service.web.access import Role, allows, client
from job_service.web.answers import answer
from job_service.web.bodies import Body
from job_service.web.labels import query_labels
from job_service.web.paging import link_to_next, page_asked_for
from job_service.web.requests import (
    query_choice,
    query_choices,
    query_flag,
    query_number,
    query_text,
    read_batch,
    read_body,
)

_LONGEST_WAIT = 30
#: How many jobs a list by labels has where no `limit` is given.
_MOST_LABELED = 1_000


class NewJobs(Body):
    """`POST /jobs`; each item is validated on its own."""

    jobs: list[object] = Field(max_length=100_000)


def dataset_routes(
    datasets: Datasets, updates: Updates, batches: Batches, dialect: Dialect, kinds: Mapping[str, Kind]
) -> Blueprint:
    """Return the routes of jobs; `kinds` are those that `?kind=` may ask for."""
    routes = Blueprint("datasets", __name__)

    @routes.get("/jobs")
    @allows(Role.VIEW)
    def list_jobs() -> Response:
        wanted = _filter(datasets, kinds)
        return _page(datasets.startable if _asks_what_may_start(wanted) else datasets.list_jobs, wanted)

    @routes.get("/jobs/<job_id>")
    @allows(Role.VIEW)
    def get_job(job_id: str) -> Response:
        wait = query_number("wait", 0, _LONGEST_WAIT)
        return answer(datasets.get_when_ended(job_id, wait) if wait else datasets.get(job_id))

    @routes.post("/jobs")
    @allows(Role.USER)
    def submit() -> Response:
        return _submit(batches, dialect)

    @routes.put("/jobs/<job_id>")
    @allows(Role.WORK, Role.OPERATE)
    def update(job_id: str) -> Response:
        updates.update(job_id, read_body(JobUpdate), client())
        return answer({"message": "OK"})

    @routes.put("/jobs")
    @allows(Role.WORK, Role.OPERATE)
    def update_named() -> Response:
        named = read_body(NamedJobUpdate)
        updates.update(named.jobId, named, client())
        return answer({"message": "OK"})

    return routes


def _page(find: Callable[[JobFilter], list[Job]], wanted: JobFilter) -> Response:
    """Answer a page of a list; one job more than the limit is read, to know whether there is a next page."""
    found = find(replace(wanted, limit=wanted.limit and wanted.limit + 1))
    shown = found[: wanted.limit]
    headers = link_to_next(shown[-1]["_id"]) if len(found) > len(shown) else {}
    return answer([core_view(job) for job in shown], headers=headers)


def _submit(batches: Batches, dialect: Dialect) -> Response:
    sender = sending(dialect.user())
    items = read_batch(NewJobs, "jobs").jobs
    return Response(batches.submit(dialect, items, sender, result, idempotency_key()), mimetype="application/json")


def target_routes(datasets: Datasets) -> Blueprint:
    """Return the routes of targets."""
    routes = Blueprint("targets", __name__, template_folder="templates")

    @routes.get("/targets")
    @allows(Role.VIEW)
    def targets() -> Response:
        return answer(datasets.targets())

    @routes.get("/targets/<name>")
    @allows(Role.VIEW)
    def target(name: str) -> Response:
        return answer(datasets.target(name))

    @routes.get("/targets/<name>/jobs")
    @allows(Role.VIEW)
    def jobs_of_target(name: str) -> Response:
        found = datasets.list_jobs(JobFilter(subject=about_target(name)))
        return answer([core_view(job) for job in found])

    return routes


def importable_routes(folder: InputFolder) -> Blueprint:
    """Return the routes of the input folder."""
    routes = Blueprint("importable_datasets", __name__, url_prefix="/importable-datasets")

    @routes.get("")
    @allows(Role.VIEW)
    def importable() -> Response:
        return answer([_shown(dataset) for dataset in folder.list()])

    @routes.delete("/<name>")
    @allows(Role.OPERATE)
    def delete(name: str) -> Response:
        if not valid_dataset_name(name):
            raise Invalid.field("name", "Invalid dataset name: it must be A-Z, 0-9 and _, and start with a letter")
        if not folder.delete(name):
            raise NotFound(f"No importable dataset found with name: {name}")
        return answer({"message": f"OK, {name} deleted"})

    return routes


def _filter(datasets: Datasets, known: Mapping[str, Kind]) -> JobFilter:
    """Return the filter of a list, in which all parameters apply.

    Without `kind` the list has dataset jobs or, with labels, which no client of datasets knows, jobs of all kinds.
    """
    limit, beyond = page_asked_for()
    labels, target = query_labels(), query_text("target")
    asked = query_choices("kind", ChainMap({"all": DATASET}, known))  # type: ignore[arg-type]  # it is only read
    asked = asked or (("all",) if labels else ())
    kinds = () if "all" in asked else asked or (DATASET.name,)
    order = query_choice("order", ["newest", "oldest"]) or ("newest" if asked else "oldest")
    return JobFilter(
        kinds=kinds,
        states=tuple(State(state) for state in query_choices("state", [state.value for state in State])),
        statuses=query_choices("status", datasets.statuses(kinds or known), repeated=False),
        types=query_choices("operation", OPERATIONS, brackets=True),
        labels=labels,
        subject=about_target(target) if target else None,
        ended=not query_flag("ignoreCompleted"),
        with_children=bool(asked),
        oldest_first=order == "oldest",
        beyond=beyond,
        limit=limit or (_MOST_LABELED if labels else None),
    )


def _asks_what_may_start(wanted: JobFilter) -> bool:
    """Say whether an executor looks for work: it tries to start each listed job, and exits when one is refused."""
    anything = query_choice("startable", ["any"])
    in_core_words = wanted.with_children or wanted.states
    return not (anything or in_core_words) and wanted.statuses == (DATASET.words[State.QUEUED],)


def _shown(dataset: ImportableDataset) -> Importable:
    return {
        "datasetName": dataset.dataset_name,
        "hasMetadata": dataset.has_metadata,
        "hasData": dataset.has_data,
        "isArchived": dataset.is_archived,
    }
