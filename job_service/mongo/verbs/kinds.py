"""The registry of kinds: the families, and the kinds that are data.

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

#: Seconds for which a snapshot may be used without asking the database for changes.
FRESH_SECONDS = 0.5
#: The document that counts changes and kinds.
HEAD = "#"
#: The rate limit of look-ups for unknown names: so many in so many seconds.
_WINDOW_SECONDS = 0.25
_MOST_LOOKS = 50
#: Seconds after which a process with a snapshot uses that instead of waiting for the database.
_PATIENCE_SECONDS = 1.0


class Snapshot(NamedTuple):
    """The kinds as of a change's number, with the time of the reading, by the monotonic clock."""

    kinds: Mapping[str, Kind]
    seq: int
    read_at: float


class Kinds(Mapping[str, Kind]):
    """The registry of kinds by name, at most `FRESH_SECONDS` old; threads may share it.

    Iterating gives the names of the families and of the kinds that are data. `kinds[name]` never fails: jobs of
    a deleted kind are shown with the states as statuses. While the database is unavailable, the last snapshot counts.
    `check` makes the check of a kind's results; `seconds` is a monotonic clock.
    """

    def __init__(
        self,
        collections: Collections,
        families: Iterable[Kind],
        check: ResultCheck,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        # Majority reads: a snapshot must not have a change that a failover could roll back.
        self._documents = collections.kinds.with_options(read_concern=ReadConcern("majority"))
        self._families = {family.name: family for family in families}
        self._check = check
        self._seconds = seconds
        self._nothing_read = Snapshot(self._families, 0, float("-inf"))
        self._held = self._nothing_read
        self._lock = threading.Lock()
        self._begun = self._done = 0  # numbers of the last read that was begun, and of the last that was done
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
        """Return a kind; an unknown one is looked up in the database, up to a rate limit.

        Raises the driver's errors where that look fails.
        """
        kind = self._now().kinds.get(name)
        if kind is None and self._may_look(name):
            kind = self.refreshed().kinds.get(name)
        return default if kind is None else kind

    def named(self, name: str) -> Kind | None:
        """Return the kind that a caller submits to or claims from; an unknown one is always looked up in the database.

        Raises the driver's errors where that look fails.
        """
        kind = self._now().kinds.get(name)
        return self.refreshed().kinds.get(name) if kind is None and KIND_NAME.fullmatch(name) else kind

    @property
    def families(self) -> frozenset[str]:
        """Return the names of the families, which do not depend on the database."""
        return frozenset(self._families)

    def taking_jobs(self, name: str) -> Kind:
        """Return a kind that accepts jobs, as of a reading within `FRESH_SECONDS`.

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
        """Return the kinds as the database has them now; concurrent callers share a reading."""
        asked = self._begun
        with self._lock:
            # Any reading that began after this call is recent enough.
            return self._held if self._done > asked else self._read()

    def _now(self) -> Snapshot:
        """Return the snapshot, refreshed first if it is too old and no other thread refreshes it."""
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
        # A lower number means another database, restored in place of the previous one.
        before = self._held if seq >= self._held.seq else self._nothing_read
        kinds = before.kinds if seq == before.seq else self._with_changes(before)
        self._held, self._done, self._due = Snapshot(kinds, seq, read_at), self._begun, read_at + FRESH_SECONDS
        return self._held

    def _with_changes(self, before: Snapshot) -> dict[str, Kind]:
        """Return the kinds with the changes since a snapshot: the families first, then the others by name."""
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
        """Say whether an unknown name may be looked up, so that a list of such names does not cause as many reads."""
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
