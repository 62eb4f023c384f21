"""Dataset jobs for tests of the store, and what is asked of it about them."""

import threading

import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Narrowing
from job_service.lifecycle.reports import Report
from job_service.mongo.verbs.claimed import ClaimAsked

DATASETS = Narrowing("dataset")

_RAW = CodecOptions(document_class=RawBSONDocument)


def new_job(name="AGE", **fields):
    return NewJob(
        kind="dataset", parameters={"operation": "ADD", "target": name}, type="ADD", dataset_name=name, **fields
    )


def submit(store, *jobs):
    """Store these jobs, or one; give their ids."""
    return [created.job["_id"] for created in store.submission.create(jobs or [new_job()])]


def submit_many(store, count, prefix="D", **fields):
    return submit(store, *(new_job(f"{prefix}{number}", **fields) for number in range(count)))


def claim(store, limit=1, claim_id="claim-one", narrowing=DATASETS, worker="w", **options):
    """Claim as a worker does that asks for many; give the jobs."""
    asked = ClaimAsked(claim_id, worker, limit, **options)
    return store.claiming.claim_many(narrowing, [asked])[0].jobs


def claim_one(store, claim_id="claim-one", job_id=None, narrowing=DATASETS, worker="w"):
    """Claim as the single statement does; give the job, if there is one."""
    jobs = store.claiming.claim_one(narrowing, ClaimAsked(claim_id, worker), job_id).jobs
    return jobs[0] if jobs else None


def report(store, job, **said):
    """Report about a job under the claim it was handed out with."""
    claim_id = said.pop("claim_id", None) or job["lease"]["claimId"]
    return store.reporting.report([Report(job_id=job["_id"], claim_id=claim_id, **said)])[0]


class Listener:
    """Waits for no kind of job, and hears of every note."""

    def __init__(self, hear):
        self.wake = hear

    def kinds_waited_for(self):
        return set()


def until(condition, seconds=20):
    """Wait until something is true; fail when it does not become so."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("what was waited for did not happen")


def stored(store, job_id):
    """Give the bytes of a job, wherever it is."""
    for name in ("inprogress", "completed"):
        found = store.database[name].with_options(_RAW).find_one({"_id": job_id})
        if found:
            return name, found.raw
    return None
