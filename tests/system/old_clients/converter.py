"""A converter of Boss: `python converter.py URL ADDRESS SOURCE`, from any source where that is empty.

It asks for a job, looks twice whether it is still active, says that it is done, and asks again. It goes home when there
is none.
"""

import sys

from tests.system.old_clients.plain import Line, refuse

CHECKS = 2


def take(line, source):
    answer = line.ask("GET", f"/job/available/{source}" if source else "/job/available")
    if answer.status == 404:
        return None
    if answer.status != 200 or answer.body.keys() != {"id", "source", "job"} or "topic" not in answer.body["job"]:
        refuse(answer, "GET available")
    return answer.body


def is_active(line, job):
    answer = line.ask("HEAD", f"/job/active/{job['source']}/{job['id']}")
    if answer.status not in {200, 404}:
        refuse(answer, "HEAD active")
    return answer.status == 200


def main(base, address, source=""):
    line = Line(base, address)
    while job := take(line, source):
        if not all(is_active(line, job) for _ in range(CHECKS)):
            continue
        answer = line.ask("POST", f"/job/done/{job['source']}/{job['id']}")
        if answer.status != 200:
            refuse(answer, "POST done")


if __name__ == "__main__":
    main(*sys.argv[1:])
