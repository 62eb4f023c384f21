"""Clients of the earlier systems, which know nothing of claims: they fetch, and say when they are done."""

from typing import Any

from tests.torture.caller import Answer, Caller
from tests.torture.submitters import SOURCES, TRANSFERS
from tests.torture.workers import outcome

#: Workers of the old work queue get numbers for words.
LIST = 0
STATUS = "/api/setJobStatus"


def fetch_transcoding(caller: Caller) -> None:
    answer = caller.do("fetch", ("GET", "/api/fetchJob"), {"kind": "transcoding"}, _fetched)
    if not answer.ok:
        return caller.pause(0.5)
    number = answer.body["jobId"]
    caller.pause(caller.rng.uniform(0, 0.3))
    if caller.rng.random() < 0.9:
        caller.insist("end-number", ("POST", STATUS, {"id": number, "status": "processed"}), _job(number))
        if caller.rng.random() < 0.1:
            caller.do("reopen", ("POST", STATUS, {"id": number, "status": "todo"}), _job(number))
    return None


def fetch_conversion(caller: Caller) -> None:
    source = caller.rng.choice(SOURCES)
    answer = caller.do("fetch", ("GET", f"/job/available/{source}"), {"kind": "conversion"}, _available)
    if not answer.ok:
        return caller.pause(0.5)
    job_id = answer.body["id"]
    if caller.rng.random() < 0.4:
        caller.do("check", ("HEAD", f"/job/active/{source}/{job_id}"), {"jobId": job_id})
    if caller.rng.random() < 0.9:
        caller.do("end-anyone", ("POST", f"/job/done/{source}/{job_id}"), {"jobId": job_id})
    return None


def fetch_transfer(caller: Caller) -> None:
    request = (
        "POST",
        f"{TRANSFERS}/worker/jobs",
        {"types": ["LIST", "COPY", "REMOVE"], "algorithm.args": {"limit": 3}},
    )
    answer = caller.do("fetch", request, {"kind": "transfer"})
    if not answer.ok:
        return caller.pause(0.5)
    for group in answer.body:
        for element in group["elements"]:
            caller.pause(caller.rng.uniform(0, 0.3))
            if caller.rng.random() < 0.9:
                end_element(caller, group["id"], element)
    return None


def end_element(caller: Caller, job: int, element: dict[str, Any]) -> None:
    well, token = caller.rng.random() < 0.9, element["token"]
    body = outcome(lists=element["type"] == LIST, well=well)
    asked = {"claimId": token[-24:], "status": "completed" if well else "failed", "retry": not well, "element": True}
    request = ("PUT", f"{TRANSFERS}/worker/jobs/{job}/elements/{element['id']}", body)
    caller.insist("end", request, {"place": [job, element["id"]], **asked}, headers={"X-Token": token})


def _job(number: int) -> dict[str, object]:
    return {"kind": "transcoding", "number": number}


def _fetched(answer: Answer) -> dict[str, int]:
    return {"number": answer.body["jobId"]}


def _available(answer: Answer) -> dict[str, str]:
    return {"jobId": answer.body["id"]}
