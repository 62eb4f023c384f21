"""The output of attempts, as the users of the work queue read it."""

from collections.abc import Sequence
from typing import Any

from job_service.lifecycle.errors import Invalid, JobServiceError
from job_service.lifecycle.job import Job, State
from job_service.transfers.adapter import Transfers
from job_service.transfers.document import attempts_of
from job_service.transfers.expansion import Expansion
from job_service.transfers.logs_store import AttemptLogs
from job_service.transfers.words import JobStatus

_BATCH = 200


class OutputGone(JobServiceError):
    """A stored log has been deleted."""

    code = "output-gone"


class Outputs:
    """Reads the output of attempts."""

    def __init__(self, transfers: Transfers, logs: AttemptLogs, expansion: Expansion) -> None:
        self._transfers = transfers
        self._logs = logs
        self._expansion = expansion

    def of_job(self, number: int, user: int, *, every: bool) -> list[dict[str, Any]]:
        """Return the latest attempt of each element that has one, or every attempt. Raises NotFound, OutputGone."""
        elements = self._transfers.elements_of(self._transfers.find(number, user))
        wanted = [
            (element, attempt)
            for element in elements
            for attempt in range(1 if every else max(attempts_of(element), 1), attempts_of(element) + 1)
        ]
        shown: list[dict[str, Any]] = []
        for start in range(0, len(wanted), _BATCH):
            shown.extend(self._shown(wanted[start : start + _BATCH]))
        return shown

    def of_element(self, number: int, element: int, attempt: int, user: int) -> dict[str, Any]:
        """Return one attempt at an element; a negative number counts from the end.

        Raises NotFound, Invalid (there is no such attempt, or none yet), OutputGone.
        """
        found = self._transfers.find_element(self._transfers.find(number, user), element)
        last = attempts_of(found)
        if not last:
            raise Invalid("The output of this element is not ready yet")
        chosen = attempt if attempt > 0 else last + 1 + attempt
        if attempt == 0 or not 1 <= chosen <= last:
            raise Invalid.field("attempt", f"there is no attempt {attempt}; there are {last}")
        return self._shown([(found, chosen)])[0]

    def _shown(self, wanted: Sequence[tuple[Job, int]]) -> list[dict[str, Any]]:
        places = {(element["_id"], attempt): _claim(element, attempt) for element, attempt in wanted}
        stored = self._logs.read_many([(job_id, claim) for (job_id, _), claim in places.items() if claim])
        return [self._output(element, attempt, stored) for element, attempt in wanted]

    def _output(self, element: Job, attempt: int, stored: dict[tuple[str, int], str]) -> dict[str, Any]:
        claim = _claim(element, attempt)
        log = stored.get((element["_id"], claim)) if claim else "\n".join(line["message"] for line in element["log"])
        if log is None:
            raise OutputGone("The output of this attempt is not stored any more")
        latest = attempt == attempts_of(element)
        well = element["state"] == State.COMPLETED and latest
        output = {
            "jobid": element["parameters"]["job"],
            "elementid": element["parameters"]["element"],
            "attempt": attempt,
            "type": element["type"],
            "status": (JobStatus.DONE if well else JobStatus.FAILED).name,
            "log": log,
        }
        listing = self._expansion.listing_of(element) if latest else None
        return output if listing is None else {**output, "listing": listing}


def _claim(element: Job, attempt: int) -> int:
    """Return the number of the claim that reported an attempt; 0 for an attempt without a report to the work queue."""
    return int(element["parameters"].get("reported", {}).get(str(attempt), 0))
