"""What `docs/deployment/` starts, probes and sets is there, and agrees with the service."""

import configparser
import re
from pathlib import Path

import click
import pytest
import yaml
from flask import Flask

from job_service.command import gunicorn_config
from job_service.command.main import main
from job_service.settings import Settings
from job_service.web.health import health_routes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "deployment"
UNITS = sorted(FOLDER.glob("*.service"))
SETTINGS = {name.upper() for name in Settings.model_fields}
#: Read by the image's gunicorn, and by workers.
IMAGE = {"PORT", "WEB_CONCURRENCY", "GUNICORN_THREADS"}
SHELL = {"JOB_SERVICE_URL", "JOB_SERVICE_TOKEN"}


@pytest.fixture
def manifests():
    documents = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


@pytest.fixture
def pod(manifests):
    return manifests["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod):
    [container] = pod["containers"]
    return container


def unit(path):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # configparser's own way to keep upper case
    parser.read_string(re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE))
    return parser["Service"]


def seconds(text):
    return int(text.removesuffix("s"))


def test_probes_ask_routes_that_are_there(container):
    app = Flask(__name__)
    app.register_blueprint(health_routes(lambda: None))
    known = {rule.rule for rule in app.url_map.iter_rules()}
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {probe["path"] for probe in probes} <= known
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/alive", "an outage of the database kills no pod"
    assert {probe["port"] for probe in probes} <= {port["name"] for port in container["ports"]}


def test_a_pod_may_take_as_long_as_it_needs_to_stop(pod, container):
    _, pause = container["lifecycle"]["preStop"]["exec"]["command"]
    assert int(pause) + gunicorn_config.graceful_timeout < pod["terminationGracePeriodSeconds"]


def test_a_pod_may_do_nothing_but_its_work(pod, container):
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" in dockerfile()
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    assert [name for name, mount in mounts.items() if not mount.get("readOnly")] == ["tmp"]


def dockerfile():
    return (ROOT / "docker" / "Dockerfile").read_text()


def test_what_is_set_is_read(manifests, container):
    data = manifests["ConfigMap"]["data"]
    assert container["envFrom"] == [{"configMapRef": {"name": manifests["ConfigMap"]["metadata"]["name"]}}]
    assert set(data) | {one["name"] for one in container["env"]} <= SETTINGS | IMAGE
    [secrets] = [mount for mount in container["volumeMounts"] if mount["name"] == "secrets"]
    assert data["SECRETS_FILE"] == f"{secrets['mountPath']}/secrets.json"
    Settings.from_environment({name: value for name, value in data.items() if name != "SECRETS_FILE"})


def test_the_service_and_the_budget_are_for_these_pods(manifests, container):
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["minAvailable"] < manifests["Deployment"]["spec"]["replicas"]
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] in {port["name"] for port in container["ports"]}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_is_there(path):
    program, name, *arguments = unit(path)["ExecStart"].split()
    assert program.endswith("/job-service")
    with click.Context(main) as context:
        command = main.get_command(context, name)
        assert command
        options = {option for parameter in command.params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= options


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_confined_and_sets_what_is_read(path):
    section = unit(path)
    assert section["NoNewPrivileges"] == "yes"
    assert section["User"] == "job-service"
    assert section["Environment"].partition("=")[0] in SETTINGS | SHELL
    assert section["KillMode"] == "mixed", "the first process ends the others, in order"


def test_the_unit_of_the_service_waits_for_the_longest_waiting_claim():
    stop = seconds(unit(FOLDER / "job-service.service")["TimeoutStopSec"])
    assert stop > gunicorn_config.graceful_timeout


def test_the_page_names_every_file():
    page = (ROOT / "docs" / "deployment.md").read_text()
    assert [file.name for file in FOLDER.iterdir() if f"(deployment/{file.name})" not in page] == []
