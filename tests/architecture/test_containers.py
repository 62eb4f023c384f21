"""The containers of ours run without root, capabilities and anything to write."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = ["service", "importer"]


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_may_nothing_it_does_not_need(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "user"} & service.keys()
    assert not [volume for volume in service.get("volumes", []) if "docker.sock" in str(volume)]


def test_no_container_may_gain_privileges_and_no_port_is_open_to_others():
    for name, service in SERVICES.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_no_secret_stands_in_the_environment():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert name.endswith("_FILE") or not value or not any(word in name for word in ("PASSWORD", "SECRET_KEY"))


def test_the_image_ends_as_a_user_that_is_not_root():
    lines = (ROOT / "docker" / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    last = users[-1].partition(":")[0]
    assert last.isdigit()
    assert int(last) > 0
    after = lines[lines.index(f"USER {users[-1]}") :]
    assert not [line for line in after if line.startswith(("RUN", "COPY", "ADD"))]


def test_the_image_knows_that_it_is_bound_to_every_address():
    assert " JOB_SERVICE_HOST=0.0.0.0 " in (ROOT / "docker" / "Dockerfile").read_text()
    assert "0.0.0.0:" in (ROOT / "docker" / "gunicorn.conf.py").read_text()


def test_the_audit_is_part_of_the_build():
    assert "scripts/audit" in (ROOT / ".ci" / "run").read_text() + (ROOT / "scripts" / "check").read_text()
