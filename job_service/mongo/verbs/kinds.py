"""The kinds that there are: the families, and those that documents define.

Every instance reads the documents anew when a counter has moved that each change of a kind moves, and looks at that
counter twice a second while it is asked, and whenever a name is unknown: a kind made at one instance is known to the
others at once, a changed one within a second.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from job_service.lifecycle.definition import ResultCheck, own_kind, with_policy
from job_service.lifecycle.errors import Conflict, NotFound, PreconditionFailed, TooManyKinds
from job_service.lifecycle.job import ALIVE
from job_service.lifecycle.kind import Kind
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

_LOG = logging.getLogger(__name__)

MOST_KINDS = 1_000
#: How long what was read counts.
FRESH_SECONDS = 0.5
#: From then on nobody takes in jobs of a kind that was closed before: twice what was read counts for.
_CLOSING_SECONDS = 2 * FRESH_SECONDS
_COUNTER = {"_id": "#"}


class Expected(NamedTuple):
    """What a change demands of the kind as it is."""

    revision: int | None = None  #: it has this revision
    absent: bool = False  #: there is none


def _any_result(_name: str, _revision: int, _schema: Any) -> Callable[[Any], str | None]:
    return lambda _result: None


class Kinds(Mapping[str, Kind]):
    """Reads and writes kinds. `check` makes what judges results; `seconds` is a monotonic clock."""

    def __init__(
        self,
        collections: Collections,
        families: Iterable[Kind],
        check: ResultCheck = _any_result,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stored = collections.kinds
        self._inprogress = collections.inprogress
        self._families = {family.name: family for family in families}
        self._check = check
        self._seconds = seconds
        self._known: dict[str, Kind] = self._families
        self._sequence = 0
        self._read_at = float("-inf")
        self._reading = threading.Lock()

    def __getitem__(self, name: str) -> Kind:
        """Return a kind; of a job whose kind was deleted, one that says nothing but its name."""
        return self._current().get(name) or Kind(name=name, own=True)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a kind, or the default; a name that is not known is looked up first."""
        found = self._current().get(name)
        if found is None:
            with self._reading:
                self._read()
            found = self._known.get(name)
        return default if found is None else found

    def __contains__(self, name: object) -> bool:
        """Say whether there is a kind of that name; one that is not known is looked up first."""
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        """Yield the names: the families, then the others."""
        return iter(self._current())

    def __len__(self) -> int:
        """Return how many kinds there are."""
        return len(self._current())

    @property
    def families(self) -> frozenset[str]:
        """Return the names of the kinds that no document defines."""
        return frozenset(self._families)

    def put(self, name: str, definition: Mapping[str, Any], now: datetime, expected: Expected) -> tuple[Kind, bool]:
        """Make or replace a kind; return it, and whether it is new. Raises PreconditionFailed, TooManyKinds."""

        def change(stored: Document | None, session: ClientSession) -> bool:
            is_new = stored is None or "deletedAt" in stored
            if is_new:
                self._require_room(session)
            self._store(name, stored, definition, now, session)
            return is_new

        return self._changed(name, change, expected)

    def patch(self, name: str, policy: Mapping[str, Any], now: datetime, expected: Expected) -> Kind:
        """Set fields of a kind's policy; None takes one back. Raises NotFound, PreconditionFailed."""

        def change(stored: Document | None, session: ClientSession) -> bool:
            if name not in self._families and (stored is None or "deletedAt" in stored):
                raise NotFound(f"There is no kind {name}")
            before = stored["definition"] if stored else {}
            after = {field: value for field, value in {**before, **policy}.items() if value is not None}
            self._store(name, stored, after, now, session)
            return False

        return self._changed(name, change, expected)[0]

    def delete(self, name: str, now: datetime, expected: Expected, wait: Callable[[float], Any] = time.sleep) -> None:
        """Delete a kind of which no job is alive. Raises NotFound, Conflict, PreconditionFailed.

        The kind is closed first, and jobs are looked for when no instance takes any in: none slips through.
        """

        def close(stored: Document | None, session: ClientSession) -> bool:
            if stored is None or "deletedAt" in stored:
                raise NotFound(f"There is no kind {name}")
            self._stored.update_one({"_id": name}, {"$set": {"closed": True}}, session=session)
            return False

        self._changed(name, close, expected)
        wait(_CLOSING_SECONDS)
        alive = {"kind": name, "state": {"$in": [state.value for state in ALIVE]}}
        is_used = self._inprogress.find_one(alive, {"_id": 1}, hint="state") is not None

        def end(_stored: Document | None, session: ClientSession) -> bool:
            gone: Document = {"$set": {"deletedAt": now}, "$unset": {"closed": "", "definition": ""}}
            kept: Document = {"$unset": {"closed": ""}}
            self._stored.update_one({"_id": name}, kept if is_used else gone, session=session)
            return False

        self._changed(name, end, Expected())
        if is_used:
            raise Conflict(f"A job of the kind {name} is alive; end or cancel it first")

    def _changed(
        self, name: str, change: Callable[[Document | None, ClientSession], bool], expected: Expected
    ) -> tuple[Kind, bool]:
        """Change a kind in a transaction that writes the counter: of two changes at once one waits for the other."""

        def together(session: ClientSession) -> bool:
            self._stored.find_one_and_update(
                _COUNTER, {"$inc": {"sequence": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=session
            )
            stored = self._stored.find_one({"_id": name}, session=session)
            _require(stored, expected)
            return change(stored, session)

        with self._stored.database.client.start_session() as session:
            outcome = session.with_transaction(together)
        with self._reading:
            self._read()
        return self[name], outcome

    def _store(
        self, name: str, stored: Document | None, definition: Mapping[str, Any], now: datetime, session: ClientSession
    ) -> None:
        if stored and stored.get("definition") == definition and not stored.get("closed"):
            return
        revision = (stored["revision"] if stored else 0) + 1
        document = {"revision": revision, "definition": dict(definition), "updatedAt": now}
        self._stored.replace_one({"_id": name}, document, upsert=True, session=session)

    def _require_room(self, session: ClientSession) -> None:
        known = {"_id": {"$nin": [*self._families, _COUNTER["_id"]]}, "deletedAt": None}
        if self._stored.count_documents(known, session=session) >= MOST_KINDS:
            raise TooManyKinds(f"There are {MOST_KINDS:,} kinds, and there may not be more; delete one first")

    def _current(self) -> dict[str, Kind]:
        if self._seconds() - self._read_at >= FRESH_SECONDS and self._reading.acquire(blocking=False):
            try:
                self._read()
            except PyMongoError as error:
                # What was read last goes on to count: what needs the database will say that it is away.
                _LOG.debug("kinds not read", extra={"reason": type(error).__name__})
                self._read_at = self._seconds()
            finally:
                self._reading.release()
        return self._known

    def _read(self) -> None:
        """Read what there is if it has changed; call it with the lock held."""
        began = self._seconds()
        counter: Document = self._stored.find_one(_COUNTER) or {"sequence": 0}
        if counter["sequence"] != self._sequence:
            documents = self._stored.find({"_id": {"$ne": _COUNTER["_id"]}, "deletedAt": None})
            self._known = {**self._families, **{document["_id"]: self._kind(document) for document in documents}}
            self._sequence = counter["sequence"]
        self._read_at = began

    def _kind(self, document: Document) -> Kind:
        name, revision, definition = document["_id"], document["revision"], document["definition"]
        if name in self._families:
            return with_policy(self._families[name], revision, definition)
        known = self._known.get(name)
        # What is compiled for a revision is kept with it.
        kind = known if known and known.revision == revision else own_kind(name, revision, definition, self._check)
        return replace(kind, closed=bool(document.get("closed")))


def _require(stored: Document | None, expected: Expected) -> None:
    there = stored is not None and "deletedAt" not in stored
    if expected.absent and there:
        raise PreconditionFailed("There is a kind of that name already")
    if expected.revision is not None and not (there and stored and stored["revision"] == expected.revision):
        raise PreconditionFailed("The kind was changed, or deleted, meanwhile: read it again")
