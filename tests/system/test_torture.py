"""The torture of `make torture`, for a minute; and a service that is broken on purpose, which has to fail it."""

import logging
from collections import Counter

import pytest

from tests.torture.report import lines
from tests.torture.run import torture
from tests.torture.sabotage import MEANT, sabotaged

LOG = logging.getLogger(__name__)
SEED = 20260102
SECONDS = 45


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_under_random_faults_nothing_acknowledged_is_lost_and_no_promise_is_broken():
    outcome = torture(SEED, SECONDS, LOG.info)
    LOG.info("\n".join(lines(outcome.report)))
    assert outcome.violations == []
    assert len(outcome.report["faults"]) > 3
    assert outcome.report["jobs acknowledged"] > 100
    assert set(outcome.report["jobs ended"]) == {"dataset", "transfer", "transcoding", "conversion", "code"}
    assert outcome.report["clients that ended early"] == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_service_without_fence_dedup_and_majority_writes_does_not_pass():
    broken = ["fence", "dedup", "write-concern"]
    found = Counter(violation.rule for violation in sabotaged(",".join(broken), SEED, LOG.info).violations)
    LOG.info("%s", dict(found))
    assert {MEANT[name] for name in broken} <= set(found)
