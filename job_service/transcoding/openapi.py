"""The description of `/api`."""

from typing import Any

from job_service.transcoding.document import Information, Option, WorkOrder
from job_service.transcoding.wire import (
    ApiAnswer,
    Edit,
    NewTranscoding,
    NewTranscodingStatus,
    OptionMap,
    Profile,
    ProfileEdit,
    TranscodingEntry,
)
from job_service.web.operations import Operation, Parameter, Section

_OPTIONS = dict[str, Any]
_WORD = {
    "type": "object",
    "description": "`{id, status}` as for setJobStatus, or the fetched `{jobId, ...}` with changed options.",
    "properties": {"id": {"type": ["integer", "string"]}, "jobId": {"type": ["integer", "string"]}},
}
_PAGE = (
    Parameter("index", {"type": "integer", "minimum": 0, "maximum": 100_000_000}, "Number of the page."),
    Parameter("count", {"type": "integer", "minimum": 1, "maximum": 10_000}, "Jobs a page."),
)


def _change(key: str, summary: str, body: Any = None, example: Any = None, *refusals: int) -> Operation:
    """Return the description of a route that is answered with a message."""
    return Operation(key, summary, ApiAnswer, body=body, example=example, refusals=refusals)


ENCODINGS = Section(
    "transcoding",
    "Options for an encoder.",
    (
        Operation("GET /api", "What this is", Information),
        _change(
            "POST /api/job", "Submit a job", NewTranscoding, {"Name": "film", "Options": {"codec": "h264"}}, 404, 409
        ),
        _change(
            "POST /api/updateJob/{number}", "Change a job's options or name", Edit | OptionMap, {"codec": "vp9"}, 409
        ),
        _change("DELETE /api/job/{number}", "Delete a job", None, None, 409),
        Operation("GET /api/getJobs", "List jobs", list[TranscodingEntry], parameters=_PAGE),
        Operation("GET /api/getOptions/{number}", "The options of a job", _OPTIONS),
        Operation("GET /api/fetchJob", "Claim the oldest job; 400 when there is none", WorkOrder),
        _change("POST /api/setJobStatus", "Set a job's status", NewTranscodingStatus, None, 404, 409),
        _change("POST /api/updateJob", "A worker's word on its job", _WORD, None, 404, 409),
        *(
            Operation(key, "The options there are", list[Option])
            for key in ("GET /api/getAttributes", "POST /api/getAttributes", "GET /api/getOptions")
        ),
        _change("POST /api/profile/{name}", "Add a profile", OptionMap, {"codec": "h264"}, 409),
        _change("DELETE /api/profile/{name}", "Delete a profile, by its number"),
        Operation("GET /api/getProfiles", "List profiles", list[Profile]),
        Operation("GET /api/getProfileOptions/{number}", "The options of a profile", _OPTIONS),
        _change("POST /api/updateProfile", "Change a profile's options or name", ProfileEdit, None, 404, 409),
    ),
    error=ApiAnswer,
)
