"""An executor of the dataset service: `python executor.py URL ADDRESS OPERATION...`.

It tidies up at its start, works through the jobs of its operations from the top, and ends itself at the first answer
that is not 200. It goes home when none of its jobs is unfinished.
"""

import sys

from tests.system.old_clients.plain import Line, refuse, rest

IN_TWO_PHASES = {"ADD", "CHANGE", "PATCH_METADATA"}
FIRST_PHASE = ("initiated", "validating", "decrypting", "transforming", "pseudonymizing", "partitioning", "built")
INTERRUPTED = "Unexpected interruption"


class Executor:
    def __init__(self, line, operations):
        self.line, self.operations = line, operations

    def get(self, path):
        answer = self.line.ask("GET", path)
        if answer.status != 200:
            refuse(answer, f"GET {path}")
        return answer.body

    def set_status(self, job, status, log=None):
        body = {"status": status, **({"log": log} if log else {})}
        answer = self.line.ask("PUT", f"/jobs/{job['jobId']}", body)
        if answer.status != 200 or answer.body != {"message": "OK"}:
            refuse(answer, f"PUT {status} of {job['parameters']['target']}")

    def unfinished(self):
        found = self.get("/jobs?ignoreCompleted=true")
        return [job for job in found if job["parameters"]["operation"] in self.operations]

    def waiting(self, status):
        return self.get(f"/jobs?status={status}&operation={','.join(self.operations)}")

    def tidy_up(self):
        for job in self.unfinished():
            if job["status"] in {"queued", "built"}:
                continue
            if job["parameters"]["operation"] not in IN_TWO_PHASES:
                self.set_status(job, "queued", INTERRUPTED)
            elif job["status"] == "importing":
                self.set_status(job, "built", INTERRUPTED)
            else:
                self.set_status(job, "failed", INTERRUPTED)

    def work(self):
        if self.get("/maintenance-status")["paused"]:
            return
        for job in self.waiting("built"):
            self.set_status(job, "importing")
            self.set_status(job, "completed")
        for job in self.waiting("queued"):
            self.do(job)

    def do(self, job):
        if job["parameters"]["operation"] not in IN_TWO_PHASES:
            self.set_status(job, "initiated")
            self.set_status(job, "importing")
            self.set_status(job, "completed", "Released")
        elif "BROKEN" in job["parameters"]["target"]:
            self.set_status(job, "initiated")
            self.set_status(job, "failed", "The metadata can not be read")
        else:
            for status in FIRST_PHASE:
                self.set_status(job, status)


def main(base, address, *operations):
    executor = Executor(Line(base, address), operations)
    executor.tidy_up()
    while executor.unfinished():
        executor.work()
        rest()


if __name__ == "__main__":
    main(*sys.argv[1:])
