"""The kinds of job there are: the families, and those that are data.

The collection `kinds` has a document a kind, `{_id: name, seq, revision, definition, deleted?, closing?}`, and the
document `#` with the number of the last change and the count of the kinds that are data. Each change takes the next
number as its `seq`: so one small read tells whether anything has changed, and a second one what. A definition is stored
as the text of its JSON, since the keys in it are a caller's (`$ref`, `a.b`). A deleted kind leaves its document behind,
so that one that is made anew goes on counting revisions.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pymongo import timeout
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from job_service.lifecycle.definition import KIND_NAME, Definition, ResultCheck, own_kind, with_policy
from job_service.lifecycle.errors import Conflict, NotFound
from job_service.lifecycle.kind import BY_EVERYTHING, Kind
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

#: What is remembered may be used for so long; then the database is asked whether it has changed.
FRESH_SECONDS = 0.5
#: The document that counts changes and kinds.
HEAD = "#"
#: In each such time the database is asked so often for names that nobody knows.
_WINDOW_SECONDS = 0.25
_MOST_LOOKS = 50
#: Who has something to go by waits no longer for what may have changed.
_PATIENCE_SECONDS = 1.0


class Snapshot(NamedTuple):
    """The kinds as they were: after which change, and when they were read, by the monotonic clock."""

    kinds: Mapping[str, Kind]
    seq: int
    read_at: float


class Kinds(Mapping[str, Kind]):
    """The kinds by name, as they are now or were a moment ago; threads may share it.

    Iterating gives the families and the kinds that are data. `kinds[name]` never fails for the lack of a kind: jobs of
    one that was deleted are shown in the words of the states. While the database is away, what was read last counts.
    `check` makes what judges the results of a kind; `seconds` is a monotonic clock.
    """

    def __init__(
        self,
        collections: Collections,
        families: Iterable[Kind],
        check: ResultCheck,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        # What a failover could take back must not be remembered.
        self._documents = collections.kinds.with_options(read_concern=ReadConcern("majority"))
        self._families = {family.name: family for family in families}
        self._check = check
        self._seconds = seconds
        self._nothing_read = Snapshot(self._families, 0, float("-inf"))
        self._held = self._nothing_read
        self._lock = threading.Lock()
        self._begun = self._done = 0  # reads, by their numbers
        self._due = float("-inf")
        self._looks = 0
        self._window_began = float("-inf")

    def __getitem__(self, name: str) -> Kind:
        found: Kind | None = self.get(name)
        return found or Kind(name=name, own=True, claims_by=BY_EVERYTHING)

    def __iter__(self) -> Iterator[str]:
        return iter(self._now().kinds)

    def __len__(self) -> int:
        return len(self._now().kinds)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """Return a kind; one that nobody here knows is looked for in the database, unless many just were.

        Raises the driver's errors where that look fails.
        """
        kind = self._now().kinds.get(name)
        if kind is None and self._may_look(name):
            kind = self.refreshed().kinds.get(name)
        return default if kind is None else kind

    def named(self, name: str) -> Kind | None:
        """Return the kind that a caller submits to or claims from; one that nobody here knows is always looked for.

        Raises the driver's errors where that look fails.
        """
        kind = self._now().kinds.get(name)
        return self.refreshed().kinds.get(name) if kind is None and KIND_NAME.fullmatch(name) else kind

    @property
    def families(self) -> frozenset[str]:
        """Return the names of the families, which are there whatever the database holds."""
        return frozenset(self._families)

    def taking_jobs(self, name: str) -> Kind:
        """Return a kind that takes in jobs, by what the database said within `FRESH_SECONDS`.

        Raises NotFound, Conflict while the kind is being deleted, and the driver's errors.
        """
        if name in self._families:
            return self[name]
        kind = self.named(name)
        if kind is not None and self._seconds() - self._held.read_at >= FRESH_SECONDS:
            kind = self.refreshed().kinds.get(name)
        if kind is None:
            raise NotFound(f"There is no kind {name}")
        if kind.closed:
            raise Conflict(f"The kind {name} is being deleted, and takes in no jobs")
        return kind

    def refreshed(self) -> Snapshot:
        """Return the kinds as the database has them; those who ask at the same time share an answer."""
        asked = self._begun
        with self._lock:
            # A read that began after this call is as good as one of its own.
            return self._held if self._done > asked else self._read()

    def _now(self) -> Snapshot:
        """Return what is remembered, after a look at the database when it is time for one and nobody else looks."""
        if self._seconds() < self._due or not self._lock.acquire(blocking=False):
            return self._held
        try:
            with timeout(_PATIENCE_SECONDS):
                return self._read()
        except PyMongoError:
            self._due = self._seconds() + FRESH_SECONDS
            return self._held
        finally:
            self._lock.release()

    def _read(self) -> Snapshot:
        self._begun += 1
        read_at = self._seconds()
        head = self._documents.find_one({"_id": HEAD}, {"seq": 1})
        seq = head["seq"] if head else 0
        # A lower number is that of another database, which was restored in place of the one that was read.
        before = self._held if seq >= self._held.seq else self._nothing_read
        kinds = before.kinds if seq == before.seq else self._with_changes(before)
        self._held, self._done, self._due = Snapshot(kinds, seq, read_at), self._begun, read_at + FRESH_SECONDS
        return self._held

    def _with_changes(self, before: Snapshot) -> dict[str, Kind]:
        """Return the kinds with what has changed since: the families first, then the others by name."""
        families: dict[str, Kind] = {**self._families}
        others: dict[str, Kind] = {}
        for name, kind in before.kinds.items():
            (families if name in families else others)[name] = kind
        for document in self._documents.find({"seq": {"$gt": before.seq}, "_id": {"$ne": HEAD}}):
            name, definition = document["_id"], as_definition(document)
            if name in families:
                families[name] = with_policy(self._families[name], document["revision"], definition)
            elif document.get("deleted"):
                others.pop(name, None)
            else:
                kind = own_kind(name, document["revision"], definition, self._check)
                others[name] = replace(kind, closed="closing" in document)
        return {**families, **dict(sorted(others.items()))}

    def _may_look(self, name: str) -> bool:
        """Say whether to ask the database for a name; no list of unknown ones is to become as many reads."""
        if self._seconds() - self._window_began >= _WINDOW_SECONDS:
            self._looks, self._window_began = 0, self._seconds()
        if self._looks >= _MOST_LOOKS or not KIND_NAME.fullmatch(name):
            return False
        self._looks += 1
        return True


def as_definition(document: Document) -> Definition:
    """Return the definition that a document of the collection holds."""
    definition: Definition = json.loads(document["definition"])
    return definition
