"""File transfers, with the methods of the work queue's own Python client; answers are its JSON, typed."""

from collections.abc import Callable
from typing import TypedDict, TypeVar, Unpack

import httpx

from job_service.client.answers import JsonObject, reading
from job_service.client.call import Call, path
from job_service.client.resource import Action, E, Resource
from job_service.client.transfer_answers import Element, Output, Transfer, TransferStatus

T = TypeVar("T")

BASE = ("workqueue", "api", "v1.0")

#: `list` is also the name of a method below.
TransferList = list[Transfer]
ElementList = list[Element]
Outputs = list[Output]


class TransferOptions(TypedDict, total=False):
    """The options of every transfer; enumerations by name or number, `priority` from 0, the most urgent, to 9."""

    protocol: str | int
    priority: int
    max_tries: int
    extra_opts: JsonObject


class Transfers(Resource[E]):
    """`client.transfers`, and `WorkqueueClient`."""

    @Action
    def copy(
        self,
        src_siteid: int,
        src_filepath: str,
        dst_siteid: int,
        dst_filepath: str,
        **options: Unpack[TransferOptions],
    ) -> Call[Transfer]:
        """Copy a file or a folder from one site to another; returns the new job."""
        source = {"src_siteid": src_siteid, "src_filepath": src_filepath}
        return _submit("copy", source | {"dst_siteid": dst_siteid, "dst_filepath": dst_filepath} | options)

    @Action
    def remove(self, siteid: int, filepath: str, **options: Unpack[TransferOptions]) -> Call[Transfer]:
        """Remove a file, or a folder with its contents; returns the new job."""
        return _submit("remove", {"src_siteid": siteid, "src_filepath": filepath, **options})

    @Action
    def rename(
        self, siteid: int, src_filepath: str, dst_filepath: str, **options: Unpack[TransferOptions]
    ) -> Call[Transfer]:
        """Rename a file or a folder on its site; returns the new job."""
        paths = {"src_filepath": src_filepath, "dst_filepath": dst_filepath}
        return _submit("rename", {"src_siteid": siteid, "dst_siteid": siteid, **paths, **options})

    @Action
    def mkdir(self, siteid: int, filepath: str, **options: Unpack[TransferOptions]) -> Call[Transfer]:
        """Make a folder; returns the new job."""
        return _submit("mkdir", {"src_siteid": siteid, "src_filepath": filepath, **options})

    @Action
    def jobs(self) -> Call[TransferList]:
        """List the jobs of this user."""
        return _get(TransferList, "jobs")

    @Action
    def job(self, job_id: int) -> Call[Transfer]:
        """Read a job."""
        return _get(Transfer, "jobs", job_id)

    @Action
    def elements(self, job_id: int) -> Call[ElementList]:
        """List the elements of a job."""
        return _get(ElementList, "jobs", job_id, "elements")

    @Action
    def element(self, job_id: int, element_id: int) -> Call[Element]:
        """Read an element."""
        return _get(Element, "jobs", job_id, "elements", element_id)

    @Action
    def status(self, job_id: int, element_id: int | None = None) -> Call[TransferStatus]:
        """Read the status of a job, or of one of its elements."""
        return _get(TransferStatus, "jobs", job_id, *_element(element_id), "status")

    @Action
    def output(self, job_id: int, element_id: int | None = None, attempt: int | None = None) -> Call[Output | Outputs]:
        """Read the output of attempts: the latest of every element of a job, or of one, or a numbered one of one.

        Returns a list for a job, an object for an element; a negative `attempt` counts from the end. Raises Invalid
        while an element has no output yet.
        """
        numbered = [] if element_id is None or attempt is None else [attempt]
        where = path(*BASE, "jobs", job_id, *_element(element_id), "output", *numbered)
        return Call(method="GET", path=where, parse=_outputs if element_id is None else _output)

    @Action
    def all_output(self, job_id: int) -> Call[Outputs]:
        """Read the output of every attempt of a job."""
        where = path(*BASE, "jobs", job_id, "output")
        return Call(method="GET", path=where, query={"attempts": "all"}, parse=reading(Outputs))

    @Action
    def submit(self, job_type: str | int, fields: JsonObject) -> Call[Transfer]:
        """Register a job of any type with the fields of the wire (`src_siteid`, ...)."""
        return _submit("jobs", {**fields, "type": job_type})

    @Action
    def list(self, siteid: int, filepath: str, **options: Unpack[TransferOptions]) -> Call[Transfer]:
        """List a folder of a site; returns the new job, whose output will have the listing."""
        return _submit("list", {"src_siteid": siteid, "src_filepath": filepath, **options})


_output: Callable[[httpx.Response], Output | Outputs] = reading(Output)
_outputs: Callable[[httpx.Response], Output | Outputs] = reading(Outputs)


def _get(kind: type[T], *parts: str | int) -> Call[T]:
    return Call(method="GET", path=path(*BASE, *parts), parse=reading(kind))


def _submit(verb: str, body: JsonObject) -> Call[Transfer]:
    return Call(method="POST", path=path(*BASE, verb), body=body, parse=reading(Transfer))


def _element(element_id: int | None) -> tuple[str | int, ...]:
    return () if element_id is None else ("elements", element_id)
