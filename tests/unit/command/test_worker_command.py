"""`job-service worker`: its subcommands and what they say."""

import pytest
from click.testing import CliRunner

from job_service.client import Unauthorized
from job_service.command.worker import SUBCOMMANDS, worker
from job_service.worker import Worker


@pytest.mark.parametrize("name", sorted(SUBCOMMANDS))
def test_every_subcommand_is_where_the_list_says_and_helps_with_an_example(name):
    result = CliRunner().invoke(worker, [name, "--help"])
    assert result.exit_code == 0
    assert f"job-service worker {name}" in result.output


def test_the_group_names_its_subcommands():
    result = CliRunner().invoke(worker, ["--help"])
    assert all(f"  {name}" in result.output for name in SUBCOMMANDS)


def test_an_unknown_subcommand_is_a_usage_error():
    assert CliRunner().invoke(worker, ["nonsense"]).exit_code == 2


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path):
    result = CliRunner().invoke(worker, ["datasets", "--input-dir", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_a_worker_without_a_token_is_told_where_one_goes(tmp_path, monkeypatch):
    def refused(_):
        raise Unauthorized("This service wants a token", status=401)

    monkeypatch.setattr(Worker, "run", refused)
    result = CliRunner().invoke(worker, ["datasets", "--input-dir", str(tmp_path), "--url", "http://127.0.0.1:1"])
    assert result.exit_code == 1
    assert "refuses this worker: This service wants a token; give it one with the role 'work' in JOB_SERVICE_TOKEN" in (
        result.output
    )
