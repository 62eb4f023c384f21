"""Two converters, and two encoders, which know of nothing but what they fetch: an operator frees what the dead hold."""

import pytest

from tests.system.instances import Caller
from tests.system.old_clients.day import RUNS, Double, free_what_the_dead_hold, live_through

JOBS = 14
CONVERTERS = [Double("converter"), Double("converter", ("freg",))]


def all_ended_once(database, kind):
    """Say whether each job has ended well, one time, and no lease was lost."""
    found = [job for name in ("inprogress", "completed") for job in database[name].find({"kind": kind})]
    ended = {job["_id"]: (job["state"], job["endSeq"], job["leasesLost"]) for job in found}
    return set(ended.values()) == {("completed", 1, 0)} and len(ended) == JOBS


def live_until_all_is_done(base, caller, kind, doubles, day):
    """Let doubles die and live; what the dead hold when all have gone home is freed, and done by who comes again."""
    died = live_through(base, doubles, day)
    freed = free_what_the_dead_hold(caller, kind)
    live_through(base, doubles, dies=False)
    return min(died, freed)


@pytest.mark.parametrize("day", range(RUNS))
def test_every_conversion_is_done_once(one_base, instance, database, day):
    caller = Caller(instance)
    for number in range(JOBS):
        status, *_ = caller.post(f"/job/available/{('freg', 'sirius')[number % 2]}", {"topic": f"data {number}"})
        assert status == 201
    assert live_until_all_is_done(one_base, caller, "conversion", CONVERTERS, day) > 0
    assert all_ended_once(database, "conversion")


@pytest.mark.parametrize("day", range(RUNS))
def test_every_clip_is_encoded_once(one_base, instance, database, day):
    caller = Caller(instance)
    for number in range(JOBS):
        assert caller.post("/api/job", {"Name": f"clip {number}", "Options": {"codec": "h264"}})[0] == 200
    assert live_until_all_is_done(one_base, caller, "transcoding", [Double("encoder"), Double("encoder")], day) > 0
    assert all_ended_once(database, "transcoding")
