"""The clients, pages and workers of the five earlier systems, as they are, at a service as it runs."""

import io
import tarfile
from contextlib import contextmanager, nullcontext

import pytest

from tests.system.programs.serving import working
from tests.system.serving.real import real_service
from tests.system.serving.replaying import NAME, Replay, read

PREFIXES = ("/api", "/job", "/workqueue", "/targets", "/importable-datasets", "/maintenance", "/users")
#: What the earlier systems did not have.
NEW = {
    "GET /job",
    "GET /job/<any(active, done):branch>",
    "GET /job/<any(active, done):branch>/<source>",
    "GET /job/active/<source>/<job_id>",
    "GET /jobs/<job_id>/explain",
    "POST /jobs/<job_id>/cancel",
    "POST /jobs/<job_id>/release",
    "POST /jobs/<job_id>/retry",
    "POST /jobs/<int:number>/again",
    "POST /api/getAttributes",
}


@pytest.fixture
def held(mongo_client, mongod_url):
    """Hold a conversation with a service that has these settings."""

    def hold(name, prepare=lambda _: nullcontext({}), **environment):
        with real_service(mongo_client, mongod_url, **environment) as http, prepare(http) as known:
            replay = Replay(http, **known)
            for exchange in read(name):
                try:
                    replay.hold(exchange)
                except (AssertionError, KeyError) as fault:
                    pytest.fail(f"{exchange.title}: {exchange.method} {exchange.path}: {fault}")

    return hold


def test_the_dataset_platform_is_answered_as_ever(held, tmp_path):
    pack(tmp_path, "INCOME", "chunks/1.bin")
    pack(tmp_path, "MY_DATASET")
    pack(tmp_path / "archive", "OLD_DATASET", "chunks/1.bin")
    held("datasets", INPUT_DIR=str(tmp_path), BUMP_ENABLED="true")


def test_the_work_queue_is_answered_as_ever(held):
    held("transfers", users)


def test_the_encoding_farm_is_answered_as_ever(held):
    held("transcoding")


def test_the_converters_are_answered_as_ever(held):
    held("conversions")


def test_the_orchestrator_of_programs_is_answered_as_ever(held, tmp_path):
    (tmp_path / "teste.py").write_text("def soma():\n    return a + b\n\n\nprint(soma())\n")
    held("code", runner, CODE_DIR=str(tmp_path))


def test_every_request_of_the_earlier_systems_is_there(app):
    urls = app.url_map.bind("localhost")
    asked = set()
    for name in ("datasets", "transfers", "transcoding", "conversions", "code"):
        for exchange in read(name):
            path = NAME.sub("1", exchange.path).partition("?")[0]
            rule, _ = urls.match(path, exchange.method, return_rule=True)
            asked.add(f"{exchange.method} {rule.rule}")
    known = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(PREFIXES)
    }
    assert known - asked == NEW


def pack(folder, name, *members):
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / f"{name}.tar", "w") as archive:
        for member in (f"{name}.json", *members):
            archive.addfile(tarfile.TarInfo(member), io.BytesIO())


def users(http):
    """Give tokens of two users."""
    numbers = {"user_token": 123, "other_token": 124}
    made = {name: http.post("/tokens", json={"name": name, "user": user}) for name, user in numbers.items()}
    return nullcontext({name: answer.json()["token"] for name, answer in made.items()})


@contextmanager
def runner(http):
    """Let programs run beside the service."""
    with working(str(http.base_url), "code"):
        yield {}
