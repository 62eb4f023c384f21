"""The pages, followed and filled in as a person does: the same behind every proxy, and never out of the prefix."""

import re
import threading
from html import unescape

import pytest

from tests.system.proxies.conftest import send_form
from tests.system.serving.waiting import until

LINK = re.compile(r'(?:href|src|action|data-events)="([^"]*)"')
#: Rows of a list lead to pages that are all alike.
MOST_OF_A_KIND = 2


def kind_of(path):
    """Give what all pages of the same view have in common."""
    return re.sub(r"[0-9A-Za-z-]{20,}|\d+|=[^&]*|(?<=targets/)\w+", "*", path)


def leads_to(text):
    return {unescape(link).partition("#")[0] for link in LINK.findall(text)} - {""}


def test_every_link_of_every_page_answers_below_the_prefix(way, browser):
    ahead, seen, kinds = [f"{way.prefix}/"], {f"{way.prefix}/"}, dict[str, int]()
    while ahead:
        path = ahead.pop()
        answer = browser.get(way.origin + path)
        assert answer.status_code in {200, 405}, (path, answer.status_code)
        links = leads_to(answer.text) if answer.headers["Content-Type"].startswith("text/html") else set()
        assert [link for link in links if not link.startswith((f"{way.prefix}/", "?", "data:"))] == [], path
        for link in sorted(links - seen):
            kinds[kind_of(link)] = kinds.get(kind_of(link), 0) + 1
            if link.startswith("/") and not link.endswith("/events") and kinds[kind_of(link)] <= MOST_OF_A_KIND:
                ahead.append(link)
        seen |= links
    assert len(kinds) > 20


def test_signing_in_leads_back_to_where_one_came_from(way):
    with way.browser() as client:
        away = client.get("/console/jobs?state=failed")
        assert away.status_code == 303
        assert away.headers["Location"].startswith(f"{way.prefix}/console/login?back=")
        page = away.headers["Location"].removeprefix(way.prefix)
        form = client.get(page).text
        hidden = dict(re.findall(r'<input[^>]*name="(csrf_token|back)"[^>]*value="([^"]*)"', form))
        answer = client.post("/console/login", data={**hidden, "token": way.token})
        assert answer.headers["Location"] == f"{way.prefix}/console/jobs?state=failed"
        assert client.get(way.origin + answer.headers["Location"]).status_code == 200


def test_a_wrong_token_signs_nobody_in(way):
    with way.browser() as client:
        assert send_form(client, "/console/login", token="x").status_code == 401
        assert client.get("/console/jobs").status_code == 303


def test_the_cookie_is_this_services_alone(way):
    with way.browser() as client:
        cookie = client.get("/console/login").headers["Set-Cookie"]
    assert re.match(r"job-service-[0-9a-f]{8}=", cookie)
    assert f"; Path={way.prefix or '/'}" in cookie
    assert ("; Secure" in cookie) is (way.tls is not None)
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))


def test_signing_out_ends_the_session(browser):
    assert send_form(browser, "/console/jobs", "/console/logout").status_code == 303
    assert browser.get("/console/jobs").status_code == 303


def test_nothing_starts_until_it_may_again(way, browser):
    answer = send_form(browser, "/console/maintenance", "/console/maintenance/on", msg="a deploy")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{way.prefix}/console/maintenance")
    answer = send_form(browser, "/console/maintenance", "/console/maintenance/off")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{way.prefix}/console/maintenance")


def test_a_job_is_cancelled_and_tried_again(way, browser, api):
    job_id = api.post("/job/available/archive", json={"title": "x"}).headers["Location"].rpartition("/")[2]
    [job_id] = [job["jobId"] for job in api.get("/jobs?kind=conversion").json() if job_id in str(job)]
    page = f"/console/jobs/{job_id}"
    answer = send_form(browser, page, f"{page}/cancel")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{way.prefix}{page}")
    answer = send_form(browser, page, f"{page}/retry")
    assert answer.status_code == 303
    assert re.fullmatch(rf"{way.prefix}/console/jobs/[0-9A-Za-z-]+", answer.headers["Location"])
    assert browser.get(way.origin + answer.headers["Location"]).status_code == 200


def test_many_jobs_are_cancelled_at_once(way, browser, api):
    name = f"MANY_{way.name.upper()}"
    assert api.post("/jobs", json={"jobs": [{"operation": "ADD", "target": name}]}).status_code == 200
    chosen = {"action": "cancel", "scope": "all", "query": f"target={name}"}
    asked = send_form(browser, "/console/jobs", "/console/bulk", **chosen).text
    assert "Cancel 1 job?" in asked
    assert f'action="{way.prefix}/console/bulk/start"' in asked
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]*)"', asked)[0]
    answer = browser.post("/console/bulk/start", data={**chosen, "csrf_token": token})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{way.prefix}/console/bulk/")
    until(lambda: api.get(f"/jobs?kind=dataset&target={name}").json()[0]["state"] == "cancelled")


@pytest.fixture
def code_worker(way):
    """Ends every program well, as fast as it comes."""
    stop = threading.Event()

    def work():
        with way.api() as client:
            while not stop.is_set():
                asked = {"kind": "code", "worker": "w", "limit": 10, "wait": 1}
                for held in client.post("/claims", json=asked).json()["claims"]:
                    done = {"status": "completed", "result": 1}
                    client.patch(f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}", json=done)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("code_worker")
def test_a_program_is_handed_in_and_run_again(way, browser):
    answer = send_form(browser, "/jobs/", uid="7", code="print(1)", inputt="{}")
    assert answer.status_code == 303, answer.text
    place = answer.headers["Location"]
    [number] = re.findall(rf"^{way.prefix}/jobs/\?added=(\d+)$", place)
    # This page tells how it ended.
    assert f'"{way.prefix}/jobs/{number}"' in browser.get(way.origin + place).text
    answer = send_form(browser, f"/jobs/{number}", f"/jobs/{number}/again")
    assert answer.status_code == 303
    assert re.fullmatch(rf"{way.prefix}/jobs/\d+", answer.headers["Location"])


@pytest.mark.parametrize("path", ["/", "/console/jobs", "/console/login", "/openapi", "/nowhere"])
def test_pages_say_how_browsers_must_treat_them(browser, path):
    headers = browser.get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_another_sites_page_sends_no_form(way, browser):
    for headers in ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        browser.headers.pop("Sec-Fetch-Site", None)
        answer = browser.post("/console/maintenance/off", headers=headers)
        assert answer.status_code == 403, headers


def test_an_old_browser_behind_a_proxy_with_defaults_is_told_what_to_add(ways):
    with ways["defaults"].browser() as client:
        del client.headers["Sec-Fetch-Site"]
        assert send_form(client, "/console/login", token=ways["defaults"].token).status_code == 303
        said = send_form(client, "/console/maintenance", "/console/maintenance/on", msg="x").text
        assert send_form(client, "/console/maintenance", "/console/maintenance/on", msg="x").status_code == 403
    assert ways["defaults"].origin.partition("//")[2] in said
    assert ways["direct"].origin.partition("//")[2] in said
    assert "proxy_set_header Host $http_host;" in said
