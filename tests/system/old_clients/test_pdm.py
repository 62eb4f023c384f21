"""Two workers of the earlier work queue and its command, through a day of deaths."""

import os

import pytest

from tests.system.old_clients.day import RUNS, Double, live_through
from tests.system.old_clients.pdm import BASE, DUMMY, SSH, read_token
from tests.system.old_clients.pdm_command import row
from tests.system.old_clients.pdm_worker import PLAYED
from tests.system.old_clients.plain import Line

USER = 7
DEATHS = 8
LONG = "n" * 120


@pytest.fixture
def sites(tmp_path):
    """Two sites; the first has a tree to copy, another to remove, and a file to rename."""
    for folder in (f"tree/größe 日本/{LONG}/{LONG}/{LONG}", "old/sub"):
        (tmp_path / "site1" / folder).mkdir(parents=True)
        (tmp_path / "site1" / folder / "file").write_bytes(os.urandom(100))
    (tmp_path / "site1" / "tree" / "empty").mkdir()
    (tmp_path / "site1" / "a name").write_text("kept")
    (tmp_path / "site2").mkdir()
    return tmp_path


def contents(root):
    return {path.relative_to(root): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


class Desk:
    """The user who registers jobs and looks at them, and the operator who frees what a dead worker holds."""

    def __init__(self, port, database):
        self.line, self.database = Line(f"http://127.0.0.1:{port}"), database
        made = self.line.ask("POST", "/tokens", {"name": "alice@example.org", "user": USER})
        self.token = made.body["token"]

    def register(self, verb, **fields):
        body = {"src_siteid": 1, "protocol": SSH, "max_tries": 5, **fields}
        answer = self.line.ask("POST", f"{BASE}/{verb}", body, {"X-Token": self.token})
        assert answer.status == 200, answer.content
        assert "SUBMITTED" in row(answer.body)
        return answer.body["id"]

    def get(self, path):
        return self.line.ask("GET", BASE + path, headers={"X-Token": self.token}).body

    def free_all(self):
        for job in self.database.inprogress.find({"state": "running", "lease": {"$exists": True}}):
            self.line.ask("DELETE", f"/claims/{job['lease']['claimId']}/jobs/{job['_id']}")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("day", range(RUNS))
def test_every_job_is_done_and_every_answer_is_taken(one_base, instance, database, sites, day):
    desk = Desk(instance.port, database)
    assert read_token(desk.token)["email"] == "alice@example.org"
    expected = contents(sites / "site1" / "tree")
    played = desk.register("list", src_filepath="whatever", protocol=DUMMY, priority=0)
    copied = desk.register("copy", src_filepath="~/tree", dst_siteid=2, dst_filepath="~/copy")
    desk.register("remove", src_filepath="~/old")
    desk.register("rename", src_filepath="~/a name", dst_filepath="~/another")
    desk.register("mkdir", src_filepath="~/made/deep")
    worker = Double("pdm_worker", (desk.token, str(sites)), desk.free_all)
    assert live_through(one_base, [worker, worker, Double("pdm_command", (desk.token,))], day) > DEATHS
    jobs = desk.get("/jobs")
    assert {job["status"] for job in jobs} == {"DONE"}, [job.get("error") for job in jobs]
    assert contents(sites / "site2" / "copy") == expected
    assert sorted(path.name for path in (sites / "site1").iterdir()) == ["another", "made", "tree"]
    assert (sites / "site1" / "made" / "deep").is_dir()
    assert [output["listing"] for output in desk.get(f"/jobs/{played}/output")] == [PLAYED]
    elements = desk.get(f"/jobs/{copied}/elements")
    assert len({element["src_filepath"] for element in elements}) == len(elements) == 3
    assert {element["attempts"] for element in elements} == {1}
    assert database.completed.count_documents({"leasesLost": {"$gt": 0}}) == 0
