"""Changing kinds of job: each change is one transaction, and takes the next number of the document `#` first.

So concurrent changes are serialized, also those of different kinds: none is
lost, and the limit of kinds holds strictly.

A kind is deleted only while no job of it can be submitted. It is closed first, which the registries of other processes
know after `FRESH_SECONDS` at the latest; then it is deleted if none of its jobs is alive, else opened again. Any
change of the kind meanwhile opens it as well, and the deletion gives up. A kind that a crash has left closed accepts no
jobs until it is deleted or put again.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from pymongo import ReturnDocument, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern

from job_service.lifecycle.definition import Definition, changed, sound
from job_service.lifecycle.errors import Conflict, NotFound, PreconditionFailed, TooManyKinds
from job_service.lifecycle.job import ALIVE
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.kinds import FRESH_SECONDS, HEAD, Kinds, as_definition

Result = TypeVar("Result")

MOST_KINDS = 1_000
#: Seconds until no process uses an open kind's snapshot any more: its age limit, and as long again to act on it.
CLOSING_SECONDS = 2 * FRESH_SECONDS
_MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Expected:
    """The precondition of a change; by default there is none."""

    revisions: frozenset[int] | None = None  #: the present revision has to be one of these
    exists: bool | None = None  #: whether the kind has to exist

    def require(self, revision: int | None) -> None:
        """Raise PreconditionFailed for another revision than expected; None stands for a missing kind."""
        there = revision is not None
        if self.exists is not None and self.exists is not there:
            raise PreconditionFailed("There is a kind of that name already" if there else "There is no such kind")
        if self.revisions is not None and revision not in self.revisions:
            now = f"is at revision {revision} by now" if there else "is not there"
            raise PreconditionFailed(f"The kind {now}; read it again, and decide anew")


@dataclass(frozen=True, slots=True)
class Before:
    """The stored kind before a change."""

    there: bool  #: whether the kind exists; False for a deleted one
    revision: int  #: the revision; of a deleted kind its last one
    definition: Definition
    closing: str | None = None  #: the mark of a deletion in progress

    def require_there(self, name: str) -> None:
        """Raise NotFound unless the kind exists."""
        if not self.there:
            raise NotFound(f"There is no kind {name}")

    def says(self, definition: Definition) -> bool:
        """Say whether the definition is unchanged, compared as text, in which 1 and true differ."""
        return self.there and self.closing is None and json.dumps(self.definition) == json.dumps(definition)


class KindChanges:
    """Makes, changes and deletes kinds. `wait` is called with the seconds until no process submits to a closed kind."""

    def __init__(self, collections: Collections, kinds: Kinds, wait: Callable[[float], Any] = time.sleep) -> None:
        self._documents = collections.kinds
        self._inprogress = collections.inprogress
        self._kinds = kinds
        self._wait = wait
        self._changing = threading.Lock()

    def put(self, name: str, definition: Definition, expected: Expected) -> bool:
        """Make or replace a kind that is no family; an equal definition keeps its revision. Return whether it is new.

        Raises Invalid, PreconditionFailed, TooManyKinds.
        """
        wanted = sound(definition)

        def change(session: ClientSession) -> bool:
            before = self._before(session, name)
            expected.require(before.revision if before.there else None)
            if not before.says(wanted):
                self._store(session, name, wanted, before)
            return not before.there

        return self._transact(change)

    def patch(self, name: str, changes: Mapping[str, Any], expected: Expected) -> None:
        """Change figures of any kind; None restores a default. Raises Invalid, NotFound, PreconditionFailed."""

        def change(session: ClientSession) -> None:
            before = self._before(session, name)
            before.require_there(name)
            expected.require(before.revision)
            wanted = changed(before.definition, changes)
            if not before.says(wanted):
                self._store(session, name, wanted, before)

        self._transact(change)

    def delete(self, name: str, expected: Expected) -> None:
        """Delete a kind that is no family. Raises NotFound, PreconditionFailed, Conflict while a job of it is alive."""
        mark = uuid4().hex
        self._transact(lambda session: self._close(session, name, expected, mark))
        self._wait(CLOSING_SECONDS)
        alive = {"kind": name, "state": {"$in": [state.value for state in ALIVE]}}
        count = self._inprogress.count_documents(alive, hint="state", limit=_MOST_COUNTED)
        self._transact(lambda session: self._finish(session, name, mark, delete=not count))
        if count:
            some = f"{count} or more" if count >= _MOST_COUNTED else str(count)
            raise Conflict(f"Jobs of the kind {name} are alive ({some}); cancel them, or let them end, and try again")

    def _transact(self, change: Callable[[ClientSession], Result]) -> Result:
        """Make a change as one transaction, retried on conflicts; then refresh this process's registry."""
        client = self._documents.database.client
        # Before the transaction, which could not detect that another one inserts this document concurrently.
        self._documents.update_one({"_id": HEAD}, {"$setOnInsert": {"seq": 0, "count": 0}}, upsert=True)
        with self._changing, client.start_session() as session:
            result: Result = session.with_transaction(
                change, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )
        self._kinds.refreshed()
        return result

    def _before(self, session: ClientSession, name: str) -> Before:
        document = self._documents.find_one({"_id": name}, session=session)
        if document is None:
            return Before(there=name in self._kinds.families, revision=0, definition={})
        return Before(
            there="deleted" not in document,
            revision=document["revision"],
            definition=as_definition(document),
            closing=document.get("closing"),
        )

    def _store(self, session: ClientSession, name: str, definition: Definition, before: Before) -> None:
        """Write the next revision of a kind. Raises TooManyKinds."""
        head = self._count(session, by=int(not before.there))
        if head["count"] > MOST_KINDS:
            raise TooManyKinds(f"There are {MOST_KINDS:,} kinds already, as many as there may be; delete one first")
        document = {"seq": head["seq"], "revision": before.revision + 1, "definition": json.dumps(definition)}
        self._documents.replace_one({"_id": name}, document, upsert=True, session=session)

    def _close(self, session: ClientSession, name: str, expected: Expected, mark: str) -> None:
        before = self._before(session, name)
        before.require_there(name)
        expected.require(before.revision)
        closed = {"seq": self._count(session)["seq"], "closing": mark}
        self._documents.update_one({"_id": name}, {"$set": closed}, session=session)

    def _finish(self, session: ClientSession, name: str, mark: str, *, delete: bool) -> None:
        """Delete a closed kind, or open it again, unless another change or deletion has taken over."""
        before = self._before(session, name)
        if before.closing != mark:
            raise Conflict(f"The kind {name} was changed while it was being deleted; look at it again")
        seq = self._count(session, by=-int(delete))["seq"]
        if delete:
            left = {"seq": seq, "revision": before.revision, "definition": "{}", "deleted": True}
            self._documents.replace_one({"_id": name}, left, session=session)
        else:
            opened = {"$set": {"seq": seq}, "$unset": {"closing": ""}}
            self._documents.update_one({"_id": name}, opened, session=session)

    def _count(self, session: ClientSession, by: int = 0) -> Document:
        """Take the next number of a change; `by` is added to the number of kinds."""
        head: Document = self._documents.find_one_and_update(  # type: ignore[assignment]  # it was made before
            {"_id": HEAD}, {"$inc": {"seq": 1, "count": by}}, return_document=ReturnDocument.AFTER, session=session
        )
        return head
