import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from job_service.embedded import binary, tether
from job_service.embedded.errors import CannotRun, FolderInUse, MongodMissing
from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.replica_set import initiate
from tests.system.programs.processes import ends
from tests.system.serving.service import HERE, all_end, children, environment_with, first_line
from tests.system.serving.waiting import until

Client = MongoClient[dict]


@pytest.fixture
def mongod(tmp_path):
    with PrivateMongod(tmp_path / "data") as mongod:
        yield mongod


def insert(url, document):
    with Client(url, w="majority") as client:
        client.get_default_database().documents.insert_one(document)


def documents(url):
    with Client(url) as client:
        return sorted(document["_id"] for document in client.get_default_database().documents.find())


def test_it_is_a_replica_set_of_one_that_can_be_written_to_at_once(mongod):
    mongod.start(initiate)
    with Client(mongod.url) as client:
        status = client.admin.command("replSetGetStatus")
    assert [member["stateStr"] for member in status["members"]] == ["PRIMARY"]
    insert(mongod.url, {"_id": 1})
    assert documents(mongod.url) == [1]


def test_the_shared_one_of_the_tests_has_fail_points(mongod_url):
    with Client(mongod_url) as client:
        assert client.admin.command("configureFailPoint", "failCommand", mode="off")["ok"] == 1


def test_it_listens_on_loopback_only_and_lets_nobody_in_without_the_password(mongod):
    mongod.start(initiate)
    with Client(mongod.url) as client:
        options = client.admin.command("getCmdLineOpts")["parsed"]["net"]
    assert options["bindIp"] == "127.0.0.1"
    assert options["unixDomainSocket"] == {"enabled": False}
    with (
        Client("127.0.0.1", options["port"], directConnection=True) as stranger,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        stranger.jobdb.documents.find_one()


def test_it_runs_no_javascript(mongod):
    mongod.start(initiate)
    insert(mongod.url, {"_id": 1})
    with Client(mongod.url) as client, pytest.raises(OperationFailure, match="no globalScriptEngine"):
        client.jobdb.documents.find_one({"$where": "true"})


def test_what_it_keeps_is_for_its_owner_alone(mongod, tmp_path):
    mongod.start(initiate)
    private = tmp_path / "data" / "mongod"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    files = [path for path in private.iterdir() if path.is_file()]
    assert {path.name for path in files} == {"key", "mongod.log", "password", "port"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_data_port_and_password_stay_from_start_to_start(mongod):
    mongod.start(initiate)
    url = mongod.url
    insert(url, {"_id": 1})
    mongod.stop()
    mongod.start(initiate)
    assert mongod.url == url
    assert documents(url) == [1]


def test_it_moves_to_another_port_when_its_own_was_taken(mongod, tmp_path):
    mongod.start(initiate)
    first = mongod.url
    insert(first, {"_id": 1})
    mongod.stop()
    # No number at all in the file, as after a disk error, is as good as a port that is taken.
    (tmp_path / "data" / "mongod" / "port").write_text("")
    mongod.start(initiate)
    assert mongod.url != first
    insert(mongod.url, {"_id": 2})
    assert documents(mongod.url) == [1, 2]


def test_a_first_start_that_was_interrupted_before_there_was_a_user_is_made_up_for(mongod, tmp_path):
    def interrupted(url):
        port = int((url.rpartition(":")[2]).partition("/")[0])
        with Client("127.0.0.1", port, directConnection=True) as client:
            config = {"_id": "job-service", "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]}
            client.admin.command("replSetInitiate", config)
        raise OSError("the power failed")

    with pytest.raises(CannotRun, match="the power failed"):
        mongod.start(interrupted)
    mongod.start(initiate)
    insert(mongod.url, {"_id": 1})
    assert documents(mongod.url) == [1]


def test_a_lost_password_is_named_as_the_reason(mongod, tmp_path):
    mongod.start(initiate)
    mongod.stop()
    (tmp_path / "data" / "mongod" / "password").unlink()
    with pytest.raises(CannotRun, match="made with another password"):
        mongod.start(initiate)
    assert ends(mongod.pid)


def test_a_folder_has_one_mongod_and_the_second_says_whose_it_is(mongod, tmp_path):
    mongod.start(initiate)
    with pytest.raises(FolderInUse, match=f"in use by another job service .process {os.getpid()}."):
        PrivateMongod(tmp_path / "data").start(initiate)
    insert(mongod.url, {"_id": 1})


def test_a_killed_one_is_started_again_at_the_same_address_with_all_that_was_acknowledged(mongod):
    mongod.start(initiate)
    killed, url = mongod.pid, mongod.url
    for number in range(20):
        insert(url, {"_id": number})
    os.kill(killed, signal.SIGKILL)
    assert ends(killed)
    assert mongod.keep_up(time.monotonic()) is None
    assert mongod.pid != killed
    assert mongod.url == url
    assert documents(url) == list(range(20))


def keep_up_until_given_up(mongod):
    due = None
    while due or ends(mongod.pid):
        due = mongod.keep_up(due or time.monotonic())


def test_one_that_cannot_be_kept_running_is_given_up_with_its_reason(mongod, tmp_path):
    mongod.start(initiate)
    (tmp_path / "data" / "mongod" / "key").chmod(0o644)
    os.kill(mongod.pid, signal.SIGKILL)
    with pytest.raises(CannotRun, match="Unable to acquire security key"):
        keep_up_until_given_up(mongod)


def test_an_option_that_mongod_does_not_know_is_named_as_the_reason(tmp_path):
    with (
        pytest.raises(CannotRun, match="unrecognised option '--nonsense"),
        PrivateMongod(tmp_path, ["--nonsense"]) as one,
    ):
        one.start(initiate)


@pytest.mark.slow
def test_a_full_disk_is_named_as_the_reason_and_loses_nothing_that_was_acknowledged(tmp_path):
    # In a namespace of its own a small disk can be mounted without being root.
    program = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, HERE / "fill_disk.py", tmp_path]
    done = subprocess.run(program, env=environment_with({}), capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert f"the disk that holds {tmp_path}/mongod is full" in result["sentence"]
    assert result["acknowledged"] > 50
    assert result["kept"] == result["acknowledged"]


def test_it_ends_with_a_parent_that_is_killed_and_the_folder_is_free_at_once(mongod, tmp_path):
    holder = subprocess.Popen(
        [sys.executable, HERE / "hold_mongod.py", tmp_path / "data"],
        env=environment_with({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        pid = int(first_line(holder))
        holder.kill()
        assert ends(pid)
    mongod.start(initiate)


def test_where_the_kernel_cannot_end_it_with_its_parent_a_watcher_does(tmp_path):
    watch = "import os, sys; from job_service.embedded import tether; tether.watch(os.getppid(), sys.argv[1:])"
    start = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True); print(flush=True); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", start, sys.executable, "-c", watch, "sleep", "1000"],
        env=environment_with({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        first_line(parent)
        [watcher] = children(parent.pid)
        [program] = until(lambda: children(watcher))
        parent.kill()
        assert all_end([watcher, program])


def test_the_watcher_hands_signals_on_and_ends_as_its_program_does():
    watch = (
        "import os, sys; from job_service.embedded import tether; sys.exit(tether.watch(os.getppid(), sys.argv[1:]))"
    )
    command = [sys.executable, "-c", watch, "sh", "-c", "trap 'exit 7' TERM; echo; while :; do sleep 0.05; done"]
    with subprocess.Popen(command, env=environment_with({}), stdout=subprocess.PIPE) as watcher:
        first_line(watcher)
        watcher.terminate()
        assert watcher.wait(30) == 7


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGABRT])
def test_the_watcher_ends_by_the_signal_that_ended_its_program(signum):
    watch = (
        "import os, sys; from job_service.embedded import tether; sys.exit(tether.watch(os.getppid(), sys.argv[1:]))"
    )
    command = [sys.executable, "-c", watch, "sh", "-c", f"kill -{signum.value} $$"]
    done = subprocess.run(command, env=environment_with({}), check=False, timeout=30)
    assert done.returncode == -signum


def test_a_program_that_cannot_be_started_ends_as_in_a_shell(tmp_path):
    command = [sys.executable, tether.__file__, str(os.getpid()), tmp_path / "missing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, f"{tmp_path}/missing: No such file or directory\n")


def old_mongod(folder):
    program = folder / "mongod"
    program.write_text("#!/bin/sh\necho 'db version v4.4.29'\n")
    program.chmod(0o755)
    return program


def test_a_mongod_on_the_path_that_is_too_old_is_passed_over(monkeypatch, tmp_path):
    old = old_mongod(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binary.find_mongod() != old


def test_without_a_mongod_that_will_do_the_error_says_what_there_is_and_what_helps(monkeypatch, tmp_path):
    old = old_mongod(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binary, "find_spec", lambda _: None)
    with pytest.raises(MongodMissing, match=f"{old} is version 4.4. Set MONGODB_URL .*job-service.embedded"):
        binary.find_mongod()


def test_looking_for_mongod_imports_nothing_heavy():
    program = (
        "from job_service.embedded import binary; import sys; binary.find_mongod(); print('fiftyone' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment_with({}), capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
