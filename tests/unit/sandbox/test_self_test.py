import json

import pytest

from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Execution, refused
from job_service.worker.sandbox.self_test import check


def answering(output):
    return lambda code, variables: Execution("done", output, "", None, 0.1)


def test_a_sandbox_in_which_everything_holds_passes():
    check(answering("[]\n"))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (
            answering(json.dumps(["it is alone", "it is small"])),
            "its self-test found untrue that it is alone; it is small",
        ),
        (answering(""), "its self-test gave no answer"),
        (answering("[]\n[]\n"), "its self-test gave no answer"),
        (lambda *_: refused("Nope."), "its self-test did not end well: Nope"),
    ],
)
def test_any_other_does_not(run, message):
    with pytest.raises(SandboxUnavailable, match=f"^No sandbox is available: {message}"):
        check(run)


def test_the_probes_and_the_facts_are_its_input():
    seen = {}

    def run(code, variables):
        seen.update(variables)
        return Execution("done", "[]", "", None, 0.1)

    check(run, memory_bytes=7)

    assert seen["memory_bytes"] == 7
    assert len(seen["probes"]) >= 20
