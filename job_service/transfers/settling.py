"""The consequences of an element's end: the next wave may start, and after the last one the job ends.

Every step reads the stored state and is idempotent; the job itself ends by one guarded statement, so that it ends
once, however many processes settle it at the same time.
"""

from collections.abc import Sequence
from datetime import timedelta

from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.kind import KindAndType
from job_service.mongo.family import Core
from job_service.mongo.telling.notes import Note
from job_service.transfers.document import KIND, first_element_id
from job_service.transfers.elements_store import Elements

#: The age after which a job without elements counts as an interrupted submission.
_FORGOTTEN = timedelta(minutes=1)
_BATCH = 200
#: A failed job's error names so many of its unsuccessful elements.
_NAMED = 20


class Settling:
    """Settles jobs whose elements have ended."""

    def __init__(self, core: Core, elements: Elements) -> None:
        self._core = core
        self._elements = elements
        self._last = ""

    def after(self, jobs: Sequence[Job]) -> None:
        """Settle the parents of elements that have ended."""
        for parent_id in {job["parentId"] for job in jobs if "parentId" in job}:
            self.settle(parent_id)

    def after_end(self, element: Job) -> None:
        """Settle the parent of an element that has just ended; one query while others of its wave have not."""
        mark, wave = (element["parameters"].get(name) for name in ("expansion", "wave"))
        if wave is None or self._elements.wave(element["parentId"], mark) != wave:
            self.settle(element["parentId"])

    def sweep(self) -> int:
        """Settle some of the waiting jobs, others each time; return how many were changed."""
        waiting = self._elements.waiting_parents(self._last, _BATCH)
        self._last = waiting[-1] if len(waiting) == _BATCH else ""
        some = {*waiting, *self._elements.parents_of_held(_BATCH)}
        return sum(self.settle(parent_id, tidy=True) for parent_id in sorted(some))

    def settle(self, parent_id: str, *, tidy: bool = False) -> bool:
        """Settle a job; `tidy` also removes elements of interrupted expansions. Returns whether anything changed."""
        parent = self._core.reading.get(parent_id)
        if parent is None or parent["state"] in ENDED:
            return bool(self._elements.drop_strays(parent_id, None))
        first = self._core.reading.get(first_element_id(parent_id))
        if first is None:
            return self._end_if_forgotten(parent)
        if first["state"] not in ENDED:
            return False
        mark = first["parameters"].get("expansion")
        changed = bool(tidy and self._elements.drop_strays(parent_id, mark))
        wave = self._elements.wave(parent_id, mark) if mark else None
        if wave is None:
            return self._end(parent, first, mark) or changed
        now = self._core.context.clock.now()
        if "cancelRequestedAt" in parent:
            self._core.ending.cancel_children(parent_id, now, "Cancelled")
            return True
        released = self._elements.release(parent_id, mark, wave, now)
        if released:
            self._core.context.publish(Note({KindAndType(KIND)}))
        return bool(released) or changed

    def _end(self, parent: Job, first: Job, mark: str | None) -> bool:
        failed = [first] if first["state"] != State.COMPLETED else []
        if not failed and mark:
            failed = self._elements.unsuccessful(parent["_id"], mark, _NAMED + 1)
        state = State.FAILED if failed else State.COMPLETED
        if failed and "cancelRequestedAt" in parent:
            state = State.CANCELLED
        self._elements.drop_strays(parent["_id"], mark)
        return self._core.operating.change_unheld(parent, state, _sentences(failed), ())

    def _end_if_forgotten(self, parent: Job) -> bool:
        if parent["createdAt"] > self._core.context.clock.now() - _FORGOTTEN:
            return False
        message = ("It has no element: its submission was interrupted",)
        return self._core.operating.change_unheld(parent, State.FAILED, message, ())


def _sentences(failed: Sequence[Job]) -> tuple[str, ...]:
    """Return the job's error, which names the elements that did not complete."""
    said = tuple(
        f"{element['type']} {element['parameters']['src_filepath']}: {element.get('error') or element['state']}"
        for element in failed[:_NAMED]
    )
    return (*said, "... and more") if len(failed) > _NAMED else said
