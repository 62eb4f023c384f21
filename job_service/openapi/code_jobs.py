"""The code jobs' routes."""

from job_service.code_jobs.wire import NewCodeJob
from job_service.openapi.family_answers import CodeJob, SubmittedCodeJob
from job_service.openapi.operations import CURSOR, LIMIT, LINK, Operation, Parameter, wait

_FORM = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("uid", "code", "inputt", "once", "csrf_token")},
    "required": ["uid", "csrf_token"],
}
_CSRF_FORM = {
    "type": "object",
    "properties": {"once": {"type": "string"}, "csrf_token": {"type": "string"}},
    "required": ["csrf_token"],
}
_FORM_MEDIA = "multipart/form-data"

OPERATIONS = (
    Operation(
        key="POST /code-jobs",
        tag="code",
        summary="Submit a program",
        body=NewCodeJob,
        example={"uid": 1, "code": "print(name)", "input": {"name": "World"}},
        answers={201: SubmittedCodeJob},
        headers={"Location": "The new job."},
        parameters=(wait("Answer with the result, or after these seconds."),),
    ),
    Operation(
        key="GET /code-jobs",
        tag="code",
        summary="List programs, newest first",
        answers={200: list[CodeJob]},
        parameters=(LIMIT, CURSOR),
        headers=LINK,
    ),
    Operation(
        key="GET /code-jobs/{number}",
        tag="code",
        summary="Read a program and its result",
        answers={200: CodeJob},
        parameters=(wait("Answer when it has ended, or after these seconds."),),
    ),
    Operation(
        key="GET /jobs/",
        tag="code",
        summary="All programs; a page with a form for a browser",
        answers={200: list[CodeJob]},
        parameters=(
            Parameter(
                "added", {"type": "integer", "minimum": 1}, "A program to wait for, of which the page then tells."
            ),
        ),
    ),
    Operation(
        key="POST /jobs/",
        tag="code",
        summary="The form of the page; what has the same `once` and the same fields is added once",
        body=_FORM,
        body_media=_FORM_MEDIA,
        answers={303: None},
        headers={"Location": "The page that tells what came of it."},
        media="text/html",
    ),
    Operation(
        key="POST /jobs/{number}/again",
        tag="code",
        summary="The page's button that runs an ended program once more",
        body=_CSRF_FORM,
        body_media=_FORM_MEDIA,
        answers={303: None},
        media="text/html",
        refusals=(409,),
    ),
    Operation(
        key="GET /users/{uid}",
        tag="code",
        summary="The programs of a user; a page for a browser",
        answers={200: list[CodeJob]},
    ),
)
