"""What the commands that ask a service say when there is none."""

from click.testing import CliRunner

from job_service.command.jobs import jobs

NOWHERE = "http://127.0.0.1:1"


def test_a_service_that_does_not_answer_is_named():
    result = CliRunner().invoke(jobs, ["list", "--url", NOWHERE])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {NOWHERE} does not answer: ")
