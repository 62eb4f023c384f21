"""The description of `/code-jobs`, and of the paths that pages and programs share."""

from typing import Any

from job_service.code_jobs.wire import CodeJob, NewCodeJob, SubmittedCodeJob
from job_service.web.operations import HTML, LOCATION, Operation, Parameter, Section, wait


def _form(*fields: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of a page's form."""
    properties = {name: {"type": "string"} for name in (*fields, "once", "csrf_token")}
    return {"type": "object", "properties": properties, "required": [*required, "csrf_token"]}


_ADDED = Parameter("added", {"type": "integer", "minimum": 1}, "A program to wait for, of which the page then tells.")

CODE_JOBS = Section(
    "code",
    "Programs with their input.",
    (
        Operation(
            "POST /code-jobs",
            "Submit a program",
            SubmittedCodeJob,
            statuses=(201,),
            body=NewCodeJob,
            example={"uid": 1, "code": "print(name)", "input": {"name": "World"}},
            headers=LOCATION,
            parameters=(wait("Answer with the result, or after these seconds."),),
        ),
        Operation("GET /code-jobs", "List programs, newest first", list[CodeJob], paged=True),
        Operation(
            "GET /code-jobs/{number}",
            "Read a program and its result",
            CodeJob,
            parameters=(wait("Answer when it has ended, or after these seconds."),),
        ),
        Operation("GET /jobs/", "All programs; a page with a form for a browser", list[CodeJob], parameters=(_ADDED,)),
        Operation(
            "POST /jobs/",
            "The form of the page; what has the same `once` and the same fields is added once",
            None,
            statuses=(303,),
            body=_form("uid", "code", "inputt", required=("uid",)),
            headers={"Location": "The page that tells what came of it."},
            media=HTML,
        ),
        Operation(
            "GET /jobs/{number}",
            "Read a program and its result",
            CodeJob,
            "By a number, a code job as its clients know it.",
            within="GET /jobs/{job_id}",
        ),
        Operation(
            "POST /jobs/{number}/again",
            "The page's button that runs an ended program once more",
            None,
            statuses=(303,),
            body=_form(),
            media=HTML,
            refusals=(409,),
        ),
        Operation("GET /users/{uid}", "The programs of a user; a page for a browser", list[CodeJob]),
    ),
)
