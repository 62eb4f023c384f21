"""Every route that takes a body, as a request that only lacks the body."""

from pydantic import TypeAdapter

from job_service.app import API
from job_service.web.operations import JSON

#: Every route with a JSON body, by its key.
WITH_BODY = {
    each.key: each
    for section in API
    for each in section.operations
    if each.body is not None and each.body_media == JSON
}
#: Their bodies are maps of the user's own, stored and never asked for: any key is welcome.
FREE = {
    "POST /job/available/{source}",
    "POST /job/available/{source}/{job_id}",
    "POST /api/updateJob/{number}",
    "POST /api/profile/{name}",
}
#: Answers what else is wrong before it looks for unknown fields.
TERSE = {"POST /api/updateJob"}
#: They take batches, or listings of folders; every other body ends at a million bytes.
LARGE = {
    "POST /jobs",
    "POST /kinds/{name}/jobs",
    "PATCH /claims",
    "PUT /workqueue/api/v1.0/worker/jobs/{job_id}/elements/{element_id}",
}


def path_to(operation, ids):
    """Give the operation's path to something that is there."""
    known = {**ids, "job_id": ids["transfer"]} if "workqueue" in operation.path else ids
    if operation.path.startswith("/kinds/"):
        known = {**known, "name": ids["kind"]}
    if operation.path.startswith("/job/"):
        known = {**known, "job_id": "01BX5ZZKBKACTAV9WEVGEMMVRZ"}
    return operation.path.format_map({name: known[name] for name in known})


def send(http, operation, ids, **request):
    """Send a request to that path, as the worker of its element where the route asks for it."""
    headers = {"X-Token": ids["token"]} if "/elements/" in operation.path else {}
    return http.open(
        path_to(operation, ids), method=operation.method, headers={**headers, **request.pop("headers", {})}, **request
    )


def is_refused(answer, *statuses):
    """Say whether an answer is an error of its family, without anything of our insides."""
    body = answer.json
    said = body.get("message") or body.get("msg")
    inside = ("Traceback", "pymongo", "job_service/", "site-packages", "BSON", "ObjectId")
    return answer.status_code in statuses and bool(said) and not any(word in answer.text for word in inside)


def fields_of(operation):
    """Give the fields of the body that take one type which is no object, with their schema."""
    if isinstance(operation.body, dict):
        return {}
    schema = TypeAdapter(operation.body).json_schema(mode="validation")
    return {name: each for name, each in schema.get("properties", {}).items() if _is_plain(each)}


def _is_plain(schema):
    kinds = {each.get("type") for each in schema.get("anyOf", [schema])}
    return kinds <= {"string", "integer", "number", "boolean", "null"}
