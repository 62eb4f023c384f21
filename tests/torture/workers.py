"""Those who do jobs: each function is one turn of one worker, good or bad as the dice fall."""

import uuid
from typing import Any

from tests.torture.caller import Answer, Caller
from tests.torture.submitters import SOURCES, TRANSFERS

LEASE = 5
#: What a worker does with a job it got, and how often.
FATES = {"finish": 66, "fail": 6, "retry": 7, "release": 6, "late": 5, "drop": 5, "chatty": 25}


def work(caller: Caller, kind: str) -> None:
    """Claim some jobs and see to each of them."""
    held = claim(caller, kind)
    if len(held) > 2 and kind != "transfer" and caller.rng.random() < 0.4:
        return end_many(caller, held)
    for each in held:
        caller.pause(caller.rng.uniform(0, 0.15))
        see_to(caller, kind, each)
    if not held:
        caller.pause(0.3)
    return None


def work_late(caller: Caller) -> None:
    """Claim some jobs, be away for longer than their lease, and end them all the same."""
    held = claim(caller, "dataset", LEASE)
    caller.pause(LEASE + caller.rng.uniform(1.0, 3.0))
    for each in held:
        end(caller, each, "finish")


def claim(caller: Caller, kind: str, seconds: int | None = None) -> list[dict[str, Any]]:
    """Claim under an own id; the same request again when the answer did not come."""
    rng = caller.rng
    asked = {
        "kind": kind,
        "worker": caller.name,
        "limit": rng.choice([1, 1, 2, 5, 20 if kind != "dataset" else 10]),
        "leaseSeconds": seconds or rng.choice([LEASE, LEASE, 10]),
        "wait": rng.choice([0, 0, 1, 2]),
        "claimId": uuid.uuid4().hex,
    }
    if kind == "conversion" and rng.random() < 0.5:
        asked["where"] = {"source": rng.choice(SOURCES)}
    answer = caller.insist("claim", ("POST", "/claims", asked), asked, _claimed)
    if not answer.ok:
        return []
    if answer.body.get("paused"):
        caller.pause(0.5)
    if rng.random() < 0.03:
        caller.do("claim", ("POST", "/claims", asked), {**asked, "again": 9}, _claimed)
    return list(answer.body["claims"])


def see_to(caller: Caller, kind: str, held: dict[str, Any]) -> None:
    fate = caller.rng.choices(list(FATES), list(FATES.values()))[0]
    if fate == "drop":
        return
    if fate == "late":
        caller.pause(LEASE + caller.rng.uniform(-1.0, 1.5))
    if fate == "chatty":
        talk(caller, kind, held)
    if fate == "release":
        caller.do("release", ("DELETE", _path(held)), _who(held))
    elif kind == "transfer":
        end_element(caller, held, well=fate not in {"fail", "retry"})
    else:
        end(caller, held, fate)


def talk(caller: Caller, kind: str, held: dict[str, Any]) -> None:
    """Send heartbeats with log lines, each line once, each with its number."""
    for number in range(caller.rng.randint(1, 3)):
        caller.pause(caller.rng.uniform(0.05, 0.4))
        if kind == "transfer":
            log_chunk(caller, held, number)
        else:
            line = f"{held['claimId']} {number}"
            body: dict[str, Any] = {"log": line, "progress": number * 10, "leaseSeconds": LEASE}
            caller.do("update", ("PATCH", _path(held), body), {**_who(held), "log": line})


def end(caller: Caller, held: dict[str, Any], fate: str) -> None:
    status = "failed" if fate in {"fail", "retry"} else "completed"
    body: dict[str, Any] = {"status": status}
    if fate == "retry":
        body["retry"] = True
    asked = {**_who(held), **body}
    caller.insist("end", ("PATCH", _path(held), body), asked)
    if caller.rng.random() < 0.05:
        caller.do("end", ("PATCH", _path(held), body), {**asked, "again": 9})


def end_many(caller: Caller, held: list[dict[str, Any]]) -> None:
    """End all that is held with one request."""
    ends = [{**_who(each), "status": "completed"} for each in held]
    caller.insist(
        "end-many",
        ("PATCH", "/claims", {"updates": ends}),
        {"ends": ends},
        lambda answer: {"results": answer.body["results"]},
    )


CHUNK = 40


def chunk_of(claim: str, number: int) -> str:
    """Return the piece of a log that every sending of it has."""
    return f"{claim}:{number}:".ljust(CHUNK, "x")


def log_chunk(caller: Caller, held: dict[str, Any], number: int) -> None:
    body = {
        "transferred": number,
        "elapsed": 1,
        "instant": 1,
        "average": 1,
        "log": chunk_of(held["claimId"], number),
        "offset": number * CHUNK,
    }
    request = ("PUT", f"{_element(held)}/monitoring", body)
    caller.insist("monitor", request, {**_who(held), "chunk": number}, headers={"X-Token": held["job"]["token"]})


LISTING = {"~/tree": [{"name": name, "st_mode": 33188, "st_size": 10} for name in ("a", "b", "c")]}


def end_element(caller: Caller, held: dict[str, Any], *, well: bool) -> None:
    body = outcome(lists=held["job"]["type"] == "LIST", well=well)
    asked = {**_who(held), "status": "completed" if well else "failed", "retry": not well, "element": True}
    caller.insist("end", ("PUT", _element(held), body), asked, headers={"X-Token": held["job"]["token"]})


def outcome(*, lists: bool, well: bool) -> dict[str, Any]:
    """Return what a worker of transfers reports at the end of an attempt."""
    body: dict[str, Any] = {"returncode": 0 if well else 1, "host": "here", "log": "", "timestamp": "now"}
    return {**body, "listing": LISTING} if well and lists else body


def _element(held: dict[str, Any]) -> str:
    place = held["job"]["parameters"]
    return f"{TRANSFERS}/worker/jobs/{place['job']}/elements/{place['element']}"


def _path(held: dict[str, Any]) -> str:
    return f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"


def _who(held: dict[str, Any]) -> dict[str, Any]:
    return {"claimId": held["claimId"], "jobId": held["job"]["jobId"]}


def _claimed(answer: Answer) -> dict[str, Any]:
    body = answer.body
    claims = [
        {
            "jobId": each["job"]["jobId"],
            "claimId": each["claimId"],
            "expires": each["leaseExpiresAt"],
            "attempt": each["attempt"],
            "kind": each["job"]["kind"],
        }
        for each in body["claims"]
    ]
    return {"serverTime": body["serverTime"], "paused": bool(body.get("paused")), "claims": claims}
