"""What a proxy in front changes, and what it must not: who asks, under which name, and where answers lead."""

import json
import re

import pytest

from job_service.app import create_app
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.logs.formats import JsonLines
from job_service.mongo.store import open_store
from job_service.settings import Settings, SettingsError
from tests.api.test_local_mode import JOBS, refusal

HTML = {"Accept": "text/html,*/*"}
#: As nginx sends it for a page that a browser on another machine asked for.
FORWARDED = {
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "jobs.example.org",
    "X-Forwarded-Prefix": "/queue",
}
STRANGERS: list[dict[str, str]] = [
    {"X-Forwarded-For": "192.0.2.7"},
    {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"},
    {"X-Forwarded-For": "unknown"},
    {"X-Forwarded-For": ""},
    {"X-Forwarded-Proto": "https"},
    {"Via": "1.1 squid"},
    {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.example"},
]
#: Where a link to the page of signing in may say that one came from, and where one is led.
WAYS_BACK = {
    "/console/jobs?state=failed": "/queue/console/jobs?state=failed",
    "": "/queue/",
    "//evil.example": "/queue/",
    "/\\evil.example": "/queue/",
    "https://evil.example/": "/queue/",
    "/\t/evil.example": "/queue/",
    "javascript:alert(1)": "/queue/",
}


@pytest.fixture
def settings():
    """The proxy on this machine is trusted."""
    return Settings.from_environment({"TRUSTED_PROXIES": "127.0.0.1, unix"})


@pytest.fixture
def token(http):
    """A token for everything; from now on credentials are asked for."""
    return http.post("/tokens", json={"name": "ops", "roles": ["admin"]}).json["token"]


@pytest.fixture
def ask(app, token):
    """Sends requests with the token through the proxy."""

    def send(method, path, **given):
        headers = {**FORWARDED, "Authorization": f"Bearer {token}", **given.pop("headers", {})}
        return app.test_client(use_cookies=False).open(path, method=method, headers=headers, **given)

    return send


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("", ()),
        ("127.0.0.1", ("127.0.0.1",)),
        ("10.0.0.0/8,::1", ("10.0.0.0/8", "::1")),
        (" 10.1.2.3 , unix ", ("10.1.2.3", "unix")),
    ],
)
def test_proxies_are_addresses_networks_and_unix(said, named):
    assert Settings.from_environment({"TRUSTED_PROXIES": said}).trusted_proxies == named


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("1", "'1'"),
        ("nginx", "'nginx'"),
        ("*", "'*'"),
        ("10.0.0.1/8", "'10.0.0.1/8'"),
        ("127.0.0.1,,", "''"),
        ("127.0.0.1:80", "'127.0.0.1:80'"),
        ("0.0.0.0/0", "everybody"),
        ("::/0", "everybody"),
    ],
)
def test_what_names_no_proxy_ends_the_start_with_a_sentence(said, named):
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES: ") as raised:
        Settings.from_environment({"TRUSTED_PROXIES": said})
    assert named in str(raised.value)


class TestWithoutCredentials:
    """Only this machine is answered, and a proxy on it must not make strangers its own."""

    def test_who_comes_through_a_proxy_that_nobody_trusts_is_refused_and_told_why(self, store):
        http = create_app(Settings.from_environment({}), store).test_client()
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Host"):
            answer = http.post("/jobs", json=JOBS, headers={name: "127.0.0.1"})
            assert refusal(answer) == (400, "invalid")
            assert name in answer.text
            assert "job-service token create" in answer.text
        assert store.collections.inprogress.count_documents({}) == 0

    def test_a_trusted_proxys_stranger_is_refused(self, http, store):
        for headers in STRANGERS:
            answer = http.post("/jobs", json=JOBS, headers=headers)
            assert refusal(answer) == (400, "invalid"), headers
            assert "job-service token create" in answer.json["message"]
        assert store.collections.inprogress.count_documents({}) == 0

    def test_a_trusted_proxys_client_on_this_machine_is_served(self, http):
        assert http.post("/jobs", json=JOBS, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 200
        assert http.get("/jobs", headers={"X-Forwarded-For": "::1, 127.0.0.1"}).status_code == 200

    def test_a_stranger_may_not_make_the_first_token(self, http):
        answer = http.post("/tokens", json={"name": "x", "roles": ["admin"]}, headers={"X-Forwarded-For": "192.0.2.7"})
        assert refusal(answer) == (400, "invalid")

    def test_a_page_under_another_name_is_not_ours_though_its_browser_says_so(self, http, store):
        headers = {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}
        assert refusal(http.post("/jobs", json=JOBS, headers=headers)) == (403, "forbidden")
        assert store.collections.inprogress.count_documents({}) == 0


def test_a_stranger_may_not_make_an_admin_where_there_is_none_yet(http, app):
    http.post("/tokens", json={"name": "worker", "roles": ["work"]})
    for headers in ({"X-Forwarded-For": "192.0.2.7"}, {"Via": "1.1 squid"}):
        answer = app.test_client().post("/tokens", json={"name": "x", "roles": ["admin"]}, headers=headers)
        assert answer.status_code in {400, 401}, answer.json
    assert http.post("/tokens", json={"name": "x", "roles": ["admin"]}).status_code == 201


class TestAnotherHost:
    """A proxy that asks under a name of its own, as nginx with its defaults does."""

    def post(self, app, token, **headers):
        hosts = {"Host": "127.0.0.1:8000", "Origin": "https://jobs.example.org"}
        given = {**hosts, **headers, "Authorization": f"Bearer {token}"}
        return app.test_client(use_cookies=False).post("/jobs", json=JOBS, headers=given)

    def test_a_page_whose_browser_says_same_origin_is_ours(self, app, token):
        assert self.post(app, token, **{"Sec-Fetch-Site": "same-origin"}).status_code == 200

    def test_no_other_word_of_a_browser_does(self, app, token):
        for site in ("cross-site", "same-site", "none", "", "x"):
            assert self.post(app, token, **{"Sec-Fetch-Site": site}).status_code == 403, site

    def test_the_refusal_names_both_hosts_and_what_to_add(self, app, token):
        answer = self.post(app, token)
        assert refusal(answer) == (403, "forbidden")
        said = answer.json["message"]
        assert "'jobs.example.org'" in said
        assert "'127.0.0.1:8000'" in said
        assert "proxy_set_header Host $http_host;" in said

    def test_a_proxy_that_tells_the_host_and_is_trusted_needs_no_more(self, app, token):
        assert self.post(app, token, **FORWARDED).status_code == 200


class TestBelowAPrefix:
    """Whatever an answer leads to begins with the prefix."""

    def test_new_jobs_are_below_it(self, ask):
        made = ask("POST", "/code-jobs", json={"uid": 7, "code": "1"})
        assert re.fullmatch(r"/queue/code-jobs/\d+", made.headers["Location"])
        made = ask("POST", "/job/available/archive", json={"title": "x"})
        assert made.headers["Location"].startswith("/queue/job/available/archive/")
        made = ask("POST", "/api/job", json={"Name": "x", "Options": {"codec": "h264", "input": "a"}})
        assert made.headers["Location"].startswith("/queue/api/getOptions/")

    def test_a_job_done_again_is_below_it(self, ask):
        job_id = ask("POST", "/jobs", json=JOBS).json[0]["job_id"]
        ask("POST", f"/jobs/{job_id}/cancel")
        assert ask("POST", f"/jobs/{job_id}/retry").headers["Location"].startswith("/queue/jobs/")

    def test_the_next_page_is_below_it(self, ask):
        for _ in range(3):
            ask("POST", "/code-jobs", json={"uid": 7, "code": "1"})
        assert ask("GET", "/code-jobs?limit=2").headers["Link"].startswith("</queue/code-jobs?limit=2&cursor=")

    def test_an_encoder_is_told_where_to_answer(self, ask):
        ask("POST", "/api/job", json={"Name": "x", "Options": {"codec": "h264", "input": "a"}})
        urls = [value for value in ask("GET", "/api/fetchJob").json.values() if str(value).startswith("http")]
        assert urls
        assert [url for url in urls if not url.startswith("https://jobs.example.org/queue/api/")] == []

    def test_the_description_names_it(self, ask):
        assert ask("GET", "/openapi/openapi.json").json["servers"] == [{"url": "/queue"}]
        assert 'data-root="/queue"' in ask("GET", "/openapi", headers=HTML).text

    def test_a_path_that_is_corrected_stays_below_it(self, ask):
        answer = ask("GET", "/console//jobs")
        assert answer.headers["Location"] == "https://jobs.example.org/queue/console/jobs"

    def test_a_page_shows_how_to_ask_from_a_shell(self, ask):
        job_id = ask("POST", "/jobs", json=JOBS).json[0]["job_id"]
        page = ask("GET", f"/console/jobs/{job_id}", headers=HTML).text
        assert f"curl https://jobs.example.org/queue/jobs/{job_id}" in page


class TestSigningIn:
    """The session of a browser behind a proxy."""

    def sign_in(self, app, token, back="", **headers):
        http = app.test_client()
        forwarded = {**FORWARDED, **HTML, **headers}
        base = "https://jobs.example.org/queue"
        form = http.get("/console/login", query_string={"back": back}, headers=forwarded, base_url=base)
        fields = dict(re.findall(r'name="(csrf_token|back)"[^>]*value="([^"]*)"', form.text))
        return http, http.post("/console/login", data={**fields, "token": token}, headers=forwarded, base_url=base)

    def test_it_leads_back_to_where_one_came_from_and_never_elsewhere(self, app, token):
        for back, leads_to in WAYS_BACK.items():
            _, answer = self.sign_in(app, token, back)
            assert (answer.status_code, answer.headers["Location"]) == (303, leads_to), back

    def test_who_is_not_signed_in_is_sent_there_and_back(self, app, token):
        away = app.test_client().get("/console/targets/a%23b%3Fc?x=%26", headers={**FORWARDED, **HTML})
        assert away.status_code == 303
        login, _, query = away.headers["Location"].partition("?")
        assert login == "/queue/console/login"
        back = app.test_client().get(f"/console/login?{query}", headers=FORWARDED).text
        assert 'value="/console/targets/a%23b%3Fc?x=%26"' in back.replace("&amp;", "&")

    def test_the_cookie_is_for_this_service_alone(self, app, token):
        _, answer = self.sign_in(app, token)
        [cookie] = [value for value in answer.headers.getlist("Set-Cookie") if "job-service" in value]
        assert re.match(r"job-service-[0-9a-f]{8}=", cookie)
        assert {"Path=/queue", "Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))

    def test_a_cookie_under_tls_is_secure_though_the_proxy_asks_under_a_loopback_name(self, app, token):
        _, answer = self.sign_in(app, token, **{"X-Forwarded-Host": "localhost:8000"})
        assert "; Secure" in answer.headers["Set-Cookie"]


def test_the_page_of_signing_in_says_where_a_browser_would_not_keep_the_session(app, token):
    warning = "begins with <code>http:</code>"

    def page(**headers):
        return app.test_client().get("/console/login", headers={**HTML, **headers}).text

    assert warning in page(Host="jobs.example.org")
    assert warning not in page(Host="localhost")
    assert warning not in page(**FORWARDED)


def test_services_that_share_a_host_and_a_key_have_cookies_of_their_own(new_database, store, clock):
    other = open_store(new_database, STORES, RetryPolicy(), lambda _: None, clock)
    other.prepare()
    settings = Settings.from_environment({"SECRET_KEY": "the same in both"})
    names = []
    for each in (store, store, other):
        cookie = create_app(settings, each).test_client().get("/console/login", headers=HTML).headers["Set-Cookie"]
        names.append(cookie.partition("=")[0])
    other.wakeups.stop()
    assert names[0] == names[1], "instances of one service share the session"
    assert names[0] != names[2], "ports do not part cookies"


def test_the_log_names_the_client_and_not_the_proxy(ask, caplog):
    with caplog.at_level("INFO", "job_service.requests"):
        ask("GET", "/jobs")
        ask("GET", "/jobs", environ_base={"REMOTE_ADDR": "10.0.0.7"})
        ask("GET", "/jobs", headers={"X-Forwarded-For": "unknown"})
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    assert [line["remote"] for line in lines] == ["192.0.2.7", "10.0.0.7", None]
