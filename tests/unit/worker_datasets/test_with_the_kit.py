"""The importer as a worker runs it."""

import os
import threading

from job_service.worker import Worker
from job_service.worker.datasets import register
from tests.unit.worker.fake_service import FakeService


def test_good_inputs_complete_bad_ones_fail_and_cut_ones_are_tried_again(samples):
    service = FakeService()
    worker = Worker(service.client(), wait_seconds=0.1)
    register(worker, samples)
    (samples / "CUT.tar").write_bytes((samples / "INCOME.tar").read_bytes()[:40_960])
    os.utime(samples / "CUT.tar", (0, 0))
    thread = threading.Thread(target=worker.run)
    thread.start()
    good, broken = service.add(operation="ADD", target="INCOME"), service.add(operation="ADD", target="BROKEN_TAR")
    service.wait_for(good)
    cut = service.add(operation="ADD", target="CUT")
    service.wait_for(broken)
    service.wait_for(cut)
    worker.stop()
    thread.join()
    assert good.end["result"]["files"] == 3
    assert [update["status"] for update in good.said if "status" in update][-2:] == ["importing", "completed"]
    assert (broken.end["status"], broken.end["retry"]) == ("failed", False)
    assert "a header is damaged" in broken.end["log"]
    assert (cut.end["status"], cut.end["retry"]) == ("failed", True)
    assert "its end is missing" in cut.end["log"]
