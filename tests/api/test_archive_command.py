"""`job-service jobs archive`, against the application itself."""

import json

import httpx
import pytest
from click.testing import CliRunner

from job_service.client import JobServiceClient
from job_service.command.main import main
from tests.api.asking import submitted


@pytest.fixture
def archive(app, monkeypatch, tmp_path):
    """Run the command; give what it said and the lines that it wrote, None without a file."""

    def client(url, token):
        return JobServiceClient(url, token, transport=httpx.WSGITransport(app=app))

    monkeypatch.setattr("job_service.command.asking.JobServiceClient", client)

    def run(*options, out=tmp_path / "jobs.ndjson"):
        done = CliRunner().invoke(main, ["jobs", "archive", "--out", str(out), *options])
        written = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else None
        return done, written

    return run


def test_ended_jobs_are_written_as_the_service_shows_them_and_stay(http, store, clock, archive, monkeypatch):
    monkeypatch.setattr("job_service.command.archive._PAGE", 2)
    old = submitted(http, "AGE", "SEX", "INCOME")
    code = http.post("/code-jobs", json={"uid": 1, "code": "print(1)", "input": {"a": None}})
    assert code.status_code == 201
    old.append(next(job["jobId"] for job in http.get("/jobs?kind=code").json))
    for job_id in old:
        http.post(f"/jobs/{job_id}/cancel")
    store.sweeper.sweep()
    clock.advance(24 * 3600)
    [young, alive] = submitted(http, "HEIGHT", "WEIGHT")
    http.post(f"/jobs/{young}/cancel")
    done, written = archive("--before", "2026-01-03")
    assert (done.exit_code, "4 jobs in" in done.output) == (0, True), done.output
    assert {job["jobId"] for job in written} == set(old)
    for job in written:
        assert job == http.get(f"/jobs/{job['jobId']}?kind=all").json
    assert len(archive("--before", "2026-01-03", "--kind", "code")[1]) == 1
    assert len(archive("--before", "2026-01-04")[1]) == 5
    assert alive not in {job["jobId"] for job in archive("--before", "2027-01-01")[1]}


def test_a_file_that_cannot_be_made_is_said_in_a_sentence(archive, tmp_path):
    done, written = archive("--before", "2026-01-03", out=tmp_path / "missing" / "jobs.ndjson")
    assert (done.exit_code, written) == (1, None)
    assert "cannot be written: No such file or directory" in done.output


def test_a_list_that_breaks_off_leaves_no_file(archive, store, monkeypatch, tmp_path):
    def broken(_wanted):
        raise ValueError("broken")

    monkeypatch.setattr(type(store.reading), "find", lambda _self, wanted: broken(wanted))
    done, written = archive("--before", "2026-01-03")
    assert (done.exit_code, written) == (1, None)
    assert list(tmp_path.iterdir()) == []
