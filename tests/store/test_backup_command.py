"""`job-service backup` and `restore`, as somebody types them."""

import uuid
from urllib.parse import urlsplit, urlunsplit

import pytest
from click.testing import CliRunner

from job_service.command.main import main
from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.client import connect, open_database
from job_service.mongo.database.collections import ensure_indexes
from job_service.mongo.database.replica_set import initiate
from tests.store.jobs import submit_many

AWAY = "mongodb://me:secret@127.0.0.1:1/x?serverSelectionTimeoutMS=100"


@pytest.fixture
def url_of(mongod_url):
    return lambda name: urlunsplit(urlsplit(mongod_url)._replace(path=f"/{name}"))


def run(url, *command):
    return CliRunner().invoke(main, list(command), env={"MONGODB_URL": url})


def test_a_database_goes_into_a_file_and_comes_back_elsewhere(store, url_of, mongo_client, tmp_path):
    submit_many(store, 7)
    file, elsewhere = str(tmp_path / "jobs.gz"), f"test_{uuid.uuid4().hex}"
    copied = run(url_of(store.database.name), "backup", file)
    assert copied.exit_code == 0, copied.output
    assert "7 jobs in progress, 0 that have ended" in copied.output
    try:
        restored = run(url_of(elsewhere), "restore", file)
        assert restored.exit_code == 0, restored.output
        assert mongo_client[elsewhere]["inprogress"].count_documents({}) == 7
        again = run(url_of(elsewhere), "restore", file)
    finally:
        mongo_client.drop_database(elsewhere)
    assert (again.exit_code, "is not empty" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("url", "command", "said"),
    [
        (AWAY, ["backup", "FILE"], "The database at mongodb://127.0.0.1:1/x (MONGODB_URL) does not answer"),
        (f"{AWAY}&authMechanism=NONE", ["backup", "FILE"], "Wrong setting: MONGODB_URL: authmechanism must be"),
        ("http://x", ["backup", "FILE"], "Wrong setting: MONGODB_URL"),
        (None, ["restore", "MISSING"], "MISSING: No such file or directory"),
        (None, ["backup", "MISSING/FILE"], "No such file or directory"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(url_of, tmp_path, url, command, said):
    name, place = command
    done = run(url or url_of("test_unused"), name, str(tmp_path / place))
    assert (done.exit_code, said in done.output) == (1, True), done.output
    assert isinstance(done.exception, SystemExit)
    assert "secret" not in done.output


@pytest.fixture
def data_dir(tmp_path):
    """The folder of a private MongoDB that has run, with one job."""
    folder = tmp_path / "data"
    with PrivateMongod(folder) as mongod:
        mongod.start(initiate)
        with connect(mongod.url) as client:
            database = open_database(client, mongod.url)
            ensure_indexes(database)
            database["inprogress"].insert_one({"_id": "a-job", "schemaVersion": 2})
    return folder


def test_the_folder_of_a_private_mongodb_is_copied_and_filled(data_dir, tmp_path):
    file, new = str(tmp_path / "jobs.gz"), tmp_path / "new"
    new.mkdir()
    copied = run("", "backup", file, "--data-dir", str(data_dir))
    assert "1 jobs in progress" in copied.output, copied.output
    restored = run("", "restore", file, "--data-dir", str(new))
    assert restored.exit_code == 0, restored.output
    with PrivateMongod(data_dir) as mongod:
        mongod.start(initiate)
        refused = run("", "backup", file, "--data-dir", str(data_dir))
    assert refused.exit_code == 1
    assert "Error: " in refused.output
