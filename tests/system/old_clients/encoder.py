"""An encoder of the encoding farm: `python encoder.py URL ADDRESS`.

It fetches a job, reads the attributes there are, says `doing` twice, sends back what it has fetched, and says
`processed`. It goes home when the queue is empty.
"""

import sys
from urllib.parse import urlsplit

from tests.system.old_clients.plain import Line, refuse

EMPTY = {"code": 400, "msg": "The queue is empty.", "result": False}
SET = {"code": 200, "msg": "Status has been set.", "result": True}
UPDATED = {"code": 200, "msg": "Job has been updated.", "result": True}


def fetch(line):
    answer = line.ask("GET", "/api/fetchJob")
    if (answer.status, answer.body) == (400, EMPTY):
        return None
    if answer.status != 200 or answer.body["service"] != "encode" or "codec" not in answer.body:
        refuse(answer, "GET fetchJob")
    return answer.body


def tell(line, path, body, expected):
    answer = line.ask("POST", path, body)
    if (answer.status, answer.body) != (200, expected):
        refuse(answer, f"POST {path} {body}")


def main(base, address):
    line = Line(base, address)
    while order := fetch(line):
        attributes = line.ask("GET", urlsplit(order["config"]).path)
        if attributes.status != 200 or "codec" not in {each["key"] for each in attributes.body}:
            refuse(attributes, "GET getAttributes")
        number = order["jobId"]
        for _ in range(2):
            tell(line, "/api/setJobStatus", {"id": number, "status": "doing"}, SET)
        tell(line, urlsplit(order["status"]).path, {**order, "preset": "fast"}, UPDATED)
        tell(line, "/api/setJobStatus", {"id": number, "status": "processed"}, SET)


if __name__ == "__main__":
    main(*sys.argv[1:])
