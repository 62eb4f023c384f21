"""The files around the code: what they promise each other."""

import json
import os
import re
import runpy
import subprocess
from pathlib import Path

import pytest
import yaml

from job_service.command import gunicorn_config

ROOT = Path(__file__).parents[2]
LONGEST_WAIT = 30
SHARED = ("worker_class", "keepalive", "graceful_timeout", "timeout", "preload_app", "accesslog")
INDEX = re.compile(r"https?://[^ \"']*/(simple|debian)(/|$)|https?://registry\.")
SCRIPTS = [
    *sorted(path for path in (ROOT / "scripts").iterdir() if path.suffix != ".py"),
    ROOT / ".ci" / "run",
    ROOT / "docker" / "make-secrets",
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_started_and_parses(script):
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_the_lock_names_no_index():
    assert "://" not in (ROOT / "poetry.lock").read_text()


def test_no_file_names_a_package_index():
    tracked = subprocess.run(
        ["git", "grep", "-lIE", "https?://"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert [name for name in tracked.stdout.split("\n") if name and INDEX.search((ROOT / name).read_text())] == []


def test_gunicorn_in_the_container_runs_as_serve_does_and_takes_its_size_from_the_environment(monkeypatch):
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setenv("GUNICORN_THREADS", "5")
    settings = runpy.run_path(str(ROOT / "docker" / "gunicorn.conf.py"))
    assert (settings["bind"], settings["workers"], settings["threads"]) == ("0.0.0.0:9000", 3, 5)
    assert [settings[name] for name in SHARED] == [getattr(gunicorn_config, name) for name in SHARED]


def test_a_stop_waits_for_the_longest_waiting_claim():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert LONGEST_WAIT < gunicorn_config.graceful_timeout < int(services["service"]["stop_grace_period"].rstrip("s"))


def test_every_lasting_container_is_health_checked_and_unprivileged():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert set(services) == {"mongodb", "service", "importer"}
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    for name in ("service", "importer"):
        assert services[name]["read_only"], name
        assert services[name]["cap_drop"] == ["ALL"], name


def test_the_secrets_are_made_whole_and_never_overwritten(tmp_path):
    script = ROOT / "docker" / "make-secrets"
    subprocess.run([script, tmp_path / "secrets"], check=True, capture_output=True)
    secrets = json.loads((tmp_path / "secrets" / "secrets.json").read_text())
    assert set(secrets) == {"MONGODB_USER", "MONGODB_PASSWORD", "SECRET_KEY", "CREDENTIALS_KEY"}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    again = subprocess.run([script, tmp_path / "secrets"], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert json.loads((tmp_path / "secrets" / "secrets.json").read_text()) == secrets
