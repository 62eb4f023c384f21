"""No program gets anything but its own outcome: each attack, as root and as an ordinary user."""

import re

import pytest

from job_service.worker.sandbox.execution import Limits
from tests.system.sandbox.attacks import ATTACKS, PRELUDE, Attack

LIMITS = Limits(seconds=20)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_comes_to_nothing(tier, known, listener, attack: Attack):
    execution = tier.run(PRELUDE + attack.code, known, Limits(seconds=attack.limit_seconds))

    assert execution.output == attack.output, execution
    assert re.fullmatch(attack.reason or "None", str(execution.reason)), execution
    assert execution.outcome == ("error" if attack.reason else "done")
    assert attack.signal in (None, execution.signal)
    low, high = attack.seconds
    assert low <= execution.duration_seconds <= high
    assert (execution.peak_memory_bytes or 0) < LIMITS.memory_bytes
    assert tier.left() == []
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.slow
def test_an_endless_loop_is_stopped_at_ten_seconds(tier):
    execution = tier.run("print('on')\nwhile True: pass", {}, Limits())

    assert execution.outcome == "error"
    assert execution.reason == "The program was stopped after 10 seconds."
    assert execution.output == "on\n"
    assert 9 <= execution.duration_seconds <= 11


def test_the_next_program_finds_nothing_of_the_one_before(tier):
    tier.run("open('/tmp/left', 'w').write('x')", {}, LIMITS)

    execution = tier.run("import os\nprint(os.listdir('/tmp'), a + b)", {"a": 5, "b": 3}, LIMITS)

    assert execution.output == "[] 8\n"
    assert execution.outcome == "done"
