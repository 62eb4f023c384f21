"""The dashboard, the alert rules and the page about them speak of metrics that there are."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import yaml

from job_service.app import create_app
from job_service.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
DASHBOARD = json.loads((DOCS / "monitoring" / "dashboard.json").read_text())
ALERTS = [
    rule
    for group in yaml.safe_load((DOCS / "monitoring" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PAGE = (DOCS / "monitoring.md").read_text()
PREFIX = "job_service_"

#: What operators of job queues look for, and its labels here.
PROMISED = {
    "jobs_submitted_total": {"kind"},
    "jobs_claimed_total": {"kind"},
    "jobs_finished_total": {"kind", "state"},
    "jobs_requeued_total": {"kind", "why"},
    "jobs_leases_lost_total": {"kind"},
    "jobs_stale_writes_refused_total": {"op"},
    "jobs_quarantined_total": {"kind"},
    "jobs": {"kind", "state"},
    "jobs_oldest_claimable_age_seconds": {"kind"},
    "jobs_start_latency_seconds_bucket": {"kind", "le"},
    "jobs_run_seconds_bucket": {"kind", "state", "le"},
    "workers_alive": {"kind"},
    "waiters": set(),
    "jobs_paused": set(),
    "jobs_counter_drift_total": set(),
    "http_request_duration_seconds_bucket": {"route", "method", "code", "le"},
    "http_request_duration_seconds_count": {"route", "method", "code"},
    "mongodb_up": set(),
    "mongodb_command_seconds_bucket": {"command", "le"},
}
#: What Prometheus itself adds.
SCRAPED = {"instance"}


def expressions():
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    variables = [
        variable["query"]["query"] for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"
    ]
    return [*panels, *variables, *(rule["expr"] for rule in ALERTS)]


@pytest.fixture
def exposed(database, mongod_url):
    """The names and the labels of a service in which everything has happened once."""
    url = urlunsplit(urlsplit(mongod_url)._replace(path=f"/{database.name}"))
    app = create_app(Settings.from_environment({"MONGODB_URL": url}))
    http, store = app.test_client(), app.extensions["job_service.store"]
    live_through_everything(http, store)
    text = http.get("/metrics").text
    store.database.client.close()
    found: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(job_service_\w+)(?:\{(.*)\})? ", text, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def live_through_everything(http, store):
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": name} for name in ("AGE", "SEX", "LOST")]})
    one, other, lost = http.post("/claims", json={"kind": "dataset", "worker": "w", "limit": 3}).json["claims"]
    paths = [f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}" for held in (one, other)]
    http.delete(paths[0])
    for _ in range(2):
        http.patch(paths[1], json={"status": "failed", "retry": False})
        http.patch(paths[1], json={"log": "late"})
    over = {"$set": {"leasesLost": 9, "readyAt": store.context.clock.now(), "lease.until": store.context.clock.now()}}
    store.collections.inprogress.update_one({"_id": lost["job"]["jobId"]}, over)
    store.sweeper.sweep()


def test_every_promised_metric_is_there_with_its_labels(exposed):
    assert {name: exposed.get(PREFIX + name) for name in PROMISED} == PROMISED


def test_every_metric_of_the_dashboard_and_of_the_alerts_is_there(exposed):
    named = {name for expression in expressions() for name in re.findall(r"job_service_\w+", expression)}
    assert named - set(exposed) == set()
    assert len(named) >= 15


def test_every_label_that_they_ask_for_is_one_of_its_metric(exposed):
    for expression in expressions():
        for name, selector in re.findall(r"(job_service_\w+)\{([^}]*)\}", expression):
            asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            assert asked <= exposed[name] | SCRAPED, expression


def test_the_page_tells_of_every_metric_with_its_labels(exposed):
    told = {
        name: set(filter(None, labels.split(",")))
        for name, labels in re.findall(r"^\| `(\w+)(?:\{(.*?)\})?`", PAGE, re.MULTILINE)
    }
    parts = r"_(bucket|count|sum)$"
    there: dict[str, set[str]] = {}
    for name, labels in exposed.items():
        if name.endswith("_created"):
            continue
        there.setdefault(re.sub(parts, "", name.removeprefix(PREFIX)), set()).update(labels - {"le"})
    assert told == there


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule):
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "runbook"}
    assert all(text.endswith(".") for text in rule["annotations"].values())


def test_the_dashboard_is_one_that_grafana_imports():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["type"] for panel in panels} == {"row", "stat", "timeseries"}
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or all(
            target["datasource"]["uid"] == "${datasource}" for target in panel["targets"]
        )
    assert "id" not in DASHBOARD
