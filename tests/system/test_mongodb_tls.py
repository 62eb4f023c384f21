"""The service over TLS, with a login, to a mongod that takes nothing else."""

import secrets
import socket
import subprocess

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from job_service.app import create_app
from job_service.embedded.binary import find_mongod
from job_service.settings import Settings
from tests.system.certificates import Authority
from tests.system.serving.waiting import until

HOST = "127.0.0.1"
PASSWORD = "a password: with@signs/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def trusted(folder):
    """The authority that vouches for the server: its certificate in a file."""
    authority = Authority("ours")
    authority.issue(folder / "server.pem", HOST)
    return authority.write(folder / "ca.pem")


@pytest.fixture(scope="module")
def port(folder, trusted):
    """A replica set of one that wants TLS and a login, with a user for `jobdb` alone."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    key = folder / "key"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o600)
    (folder / "db").mkdir()
    options = [
        "--replSet=rs0",
        f"--keyFile={key}",
        f"--bind_ip={HOST}",
        f"--port={port}",
        f"--dbpath={folder / 'db'}",
        "--nounixsocket",
        "--tlsMode=requireTLS",
        f"--tlsCertificateKeyFile={folder / 'server.pem'}",
        f"--tlsCAFile={trusted}",
        "--tlsAllowConnectionsWithoutCertificates",
    ]
    with subprocess.Popen([find_mongod(), *options], stdout=subprocess.DEVNULL) as mongod:
        try:
            prepare(port, trusted)
            yield port
        finally:
            mongod.kill()


def prepare(port, trusted):
    url = f"mongodb://{HOST}:{port}/?directConnection=true&tls=true&tlsCAFile={trusted}"
    with MongoClient[dict](url) as client:
        config = {"_id": "rs0", "members": [{"_id": 0, "host": f"{HOST}:{port}"}]}
        until(lambda: done(client, "replSetInitiate", config))
        until(lambda: client.admin.command("hello")["isWritablePrimary"])
        # The first user may be made from this machine without a login.
        client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
    with MongoClient[dict](url, username="root", password=PASSWORD) as client:
        client.jobdb.command("createUser", "service", pwd=PASSWORD, roles=["readWrite"])


def done(client, *command):
    try:
        return client.admin.command(*command)["ok"]
    except PyMongoError:
        return None


@pytest.fixture
def ask(port, trusted):
    """Ask a service with these settings; give its answers to whether it is ready, and to a submission."""
    apps = []

    def ask(authority=trusted, host=HOST, user="service", password=PASSWORD):
        options = f"directConnection=true&authSource=jobdb&tls=true&tlsCAFile={authority}"
        url = f"mongodb://{host}:{port}/jobdb?{options}"
        given = {"MONGODB_URL": url, "MONGODB_USER": user, "MONGODB_PASSWORD": password}
        app = create_app(Settings.from_environment({name: text for name, text in given.items() if text}))
        apps.append(app)
        body = {"jobs": [{"operation": "ADD", "target": f"D{secrets.token_hex(4).upper()}"}]}
        return app, app.test_client().post("/jobs", json=body)

    yield ask
    for app in apps:
        app.extensions["job_service.store"].database.client.close()


def test_jobs_are_taken_in_by_a_user_of_one_database_over_tls(ask):
    app, answer = ask()
    assert answer.json[0]["status"] == "CREATED"
    app.extensions["job_service.readiness"].prepare()
    assert app.test_client().get("/health/ready").status_code == 200


@pytest.mark.parametrize("wrong", ["another authority", "another host", "no login", "another password"])
def test_anything_less_is_refused_and_the_answer_says_nothing_of_it(ask, folder, wrong):
    other = Authority("theirs").write(folder / "other.pem")
    _, answer = {
        "another authority": lambda: ask(authority=other),
        # The certificate is for the address, not for this name of it.
        "another host": lambda: ask(host="localhost"),
        "no login": lambda: ask(user="", password=""),
        "another password": lambda: ask(password="another"),
    }[wrong]()
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert not any(word in answer.text for word in (PASSWORD, "another", "pem", HOST))
