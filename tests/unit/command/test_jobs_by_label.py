"""`job-service jobs list --label`."""

import httpx
from click.testing import CliRunner

from job_service.command.main import main


def test_labels_are_asked_for_by_name(monkeypatch):
    asked = []

    def answer(request):
        asked.append(request.url.params)
        return httpx.Response(200, json=[{"jobId": "j", "kind": "email", "labels": {"team": "blue"}}])

    monkeypatch.setattr("httpx.HTTPTransport.handle_request", lambda _self, request: answer(request))
    shown = CliRunner().invoke(main, ["jobs", "list", "--label", "team=blue", "--label", "run=a=b", "--json"])
    assert shown.exit_code == 0, shown.output
    assert dict(asked[0]) == {"kind": "all", "limit": "50", "label.team": "blue", "label.run": "a=b"}
    assert '"team": "blue"' in shown.output


def test_a_label_without_a_value_is_wrong_usage():
    assert CliRunner().invoke(main, ["jobs", "list", "--label", "team"]).exit_code == 2
