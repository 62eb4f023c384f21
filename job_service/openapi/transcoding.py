"""The transcoding API's routes."""

from typing import Any

from job_service.openapi.answers import ApiAnswer
from job_service.openapi.family_answers import Information, Option, Profile, TranscodingEntry, WorkOrder
from job_service.openapi.operations import Operation, Parameter
from job_service.transcoding.wire import Edit, NewTranscoding, NewTranscodingStatus, OptionMap, ProfileEdit

TAG = "transcoding"
_OPTIONS = dict[str, Any]
_WORD = {
    "type": "object",
    "description": "`{id, status}` as for setJobStatus, or the fetched `{jobId, ...}` with changed options.",
    "properties": {"id": {"type": ["integer", "string"]}, "jobId": {"type": ["integer", "string"]}},
}


def _change(key: str, summary: str, body: Any = None, example: Any = None, *refusals: int) -> Operation:
    """Return a route that is answered what was done."""
    return Operation(
        key=key, tag=TAG, summary=summary, body=body, example=example, answers={200: ApiAnswer}, refusals=refusals
    )


OPERATIONS = (
    Operation(key="GET /api", tag=TAG, summary="What this is", answers={200: Information}),
    _change("POST /api/job", "Submit a job", NewTranscoding, {"Name": "film", "Options": {"codec": "h264"}}, 404, 409),
    _change("POST /api/updateJob/{number}", "Change a job's options or name", Edit | OptionMap, {"codec": "vp9"}, 409),
    _change("DELETE /api/job/{number}", "Delete a job", None, None, 409),
    Operation(
        key="GET /api/getJobs",
        tag=TAG,
        summary="List jobs",
        answers={200: list[TranscodingEntry]},
        parameters=(
            Parameter("index", {"type": "integer", "minimum": 0, "maximum": 100_000_000}, "Number of the page."),
            Parameter("count", {"type": "integer", "minimum": 1, "maximum": 10_000}, "Jobs a page."),
        ),
    ),
    Operation(key="GET /api/getOptions/{number}", tag=TAG, summary="The options of a job", answers={200: _OPTIONS}),
    Operation(
        key="GET /api/fetchJob",
        tag=TAG,
        summary="Claim the oldest job; 400 when there is none",
        answers={200: WorkOrder},
    ),
    _change("POST /api/setJobStatus", "Set a job's status", NewTranscodingStatus, None, 404, 409),
    _change("POST /api/updateJob", "A worker's word on its job", _WORD, None, 404, 409),
    *(
        Operation(key=key, tag=TAG, summary="The options there are", answers={200: list[Option]})
        for key in ("GET /api/getAttributes", "POST /api/getAttributes", "GET /api/getOptions")
    ),
    _change("POST /api/profile/{name}", "Add a profile", OptionMap, {"codec": "h264"}, 409),
    _change("DELETE /api/profile/{name}", "Delete a profile, by its number"),
    Operation(key="GET /api/getProfiles", tag=TAG, summary="List profiles", answers={200: list[Profile]}),
    Operation(
        key="GET /api/getProfileOptions/{number}", tag=TAG, summary="The options of a profile", answers={200: _OPTIONS}
    ),
    _change("POST /api/updateProfile", "Change a profile's options or name", ProfileEdit, None, 404, 409),
)
