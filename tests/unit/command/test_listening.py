"""What a process hears that works for a service."""

import pytest

from job_service.command.listening import environment_for, listen, url_of


@pytest.mark.parametrize(
    ("environment", "exempt"),
    [
        ({}, "192.0.2.7"),
        ({"NO_PROXY": "one.example"}, "one.example,192.0.2.7"),
        ({"no_proxy": "one.example", "NO_PROXY": "other.example"}, "one.example,192.0.2.7"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_it_finds_the_service_and_asks_it_past_every_proxy(environment, exempt):
    told = environment_for("http://192.0.2.7:8000", {"HTTP_PROXY": "http://proxy:3128", **environment})
    assert told == {
        "HTTP_PROXY": "http://proxy:3128",
        "JOB_SERVICE_URL": "http://192.0.2.7:8000",
        "NO_PROXY": exempt,
        "no_proxy": exempt,
    }


def test_a_service_by_ipv6_is_named_as_no_proxy_names_it():
    assert environment_for("http://[2001:db8::7]:8000", {})["NO_PROXY"] == "2001:db8::7"


@pytest.mark.parametrize(("prefix", "below"), [("", ""), ("/queue", "/queue"), ("/queue/", "/queue")])
def test_below_a_prefix_of_gunicorns_the_service_is_reached_with_it(monkeypatch, prefix, below):
    monkeypatch.setenv("SCRIPT_NAME", prefix)
    with listen("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}{below}"
