"""Items of `POST /kinds/<name>/jobs`: a job of any kind, as its submitter describes it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from job_service.kinds.batches import Outcome
from job_service.lifecycle.errors import Invalid, JobServiceError
from job_service.lifecycle.faults import shortened
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.labels import LABEL_NAME, LABEL_VALUE, MOST_LABELS
from job_service.mongo.verbs.submission import Created, Taken
from job_service.web.bodies import Body
from job_service.web.times import Moment

#: The longest time that one attempt may be given.
MOST_RUN_SECONDS = 30 * 86_400
#: So many refused items of a batch are told all that is wrong with them, the others a sentence.
MOST_EXPLAINED = 100
_MOST_OF_A_SENTENCE = 200
_LabelName = Annotated[str, StringConstraints(pattern=LABEL_NAME)]
_Label = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=LABEL_VALUE)]
Type = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewItem(Body):
    """One item; `priority` is 0 to 9, higher first, for every kind."""

    parameters: dict[str, Any] = Field(default_factory=dict)
    type: Type | None = None
    priority: int | None = Field(default=None, ge=0, le=9)
    notBefore: Moment | None = None  # noqa: N815  the wire's spelling
    startBefore: Moment | None = None  # noqa: N815  as above
    maxRunSeconds: int | None = Field(default=None, ge=1, le=MOST_RUN_SECONDS)  # noqa: N815  as above
    maxAttempts: int | None = Field(default=None, ge=1, le=100)  # noqa: N815  as above
    labels: dict[_LabelName, _Label] = Field(default_factory=dict, max_length=MOST_LABELS)

    @model_validator(mode="after")
    def _can_be_started(self) -> "NewItem":
        if self.notBefore and self.startBefore and self.startBefore <= self.notBefore:
            raise ValueError("startBefore must be later than notBefore")
        return self


class Results:
    """Makes the results of one batch's items; for one thread."""

    def __init__(self) -> None:
        self._refused = 0

    def __call__(self, new: NewJob | None, outcome: Outcome) -> Mapping[str, Any]:
        """Return `{jobId, status: CREATED}`, or `{status: FAILED, code, message, errors?}`."""
        if isinstance(outcome, Created):
            return {"jobId": outcome.job["_id"], "status": "CREATED"}
        if isinstance(outcome, Taken):
            name = shortened(new.dataset_name) if new and new.dataset_name else "The id"
            return _failed("target-busy", f"{name} already has an active job: {outcome.holder or 'just ended'}")
        return self._refusal(outcome)

    def _refusal(self, error: JobServiceError) -> Mapping[str, Any]:
        self._refused += 1
        if self._refused > MOST_EXPLAINED:
            return _failed(error.code, shortened(error.message, _MOST_OF_A_SENTENCE))
        errors = {"errors": error.faults} if isinstance(error, Invalid) and error.faults else {}
        return {**_failed(error.code, error.message), **errors}


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"status": "FAILED", "code": code, "message": message}
