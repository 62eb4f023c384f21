"""A real browser, which says by itself what the other tests say for it."""

import pytest
from playwright.sync_api import expect

from job_service.client import JobServiceClient
from tests.system.browser import running_chromium


@pytest.fixture(scope="module")
def chromium():
    """The browser; each test has a profile of its own in it."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium):
    """A window that takes the tests' own certificate; what goes wrong in it is in `wrong`."""
    with chromium.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.wrong = []
        page.on("console", lambda message: message.type == "error" and page.wrong.append(message.text))
        page.on("response", lambda answer: answer.status >= 400 and page.wrong.append(answer.url))
        yield page


@pytest.mark.parametrize("name", ["defaults", "prefix"])
def test_somebody_signs_in_pauses_sees_a_change_and_signs_out(ways, page, name):
    way = ways[name]
    page.goto(f"{way.base}/console/maintenance")
    page.fill("[name=token]", way.token)
    page.click("main form button")
    page.wait_for_url(f"{way.base}/console/maintenance")
    page.fill("[name=msg]", "a deploy")
    page.click("main form button")
    page.click("text=Let jobs start again")
    page.click("text=Overview")
    with page.expect_response("**/events?*") as heard:
        page.goto(f"{way.base}/console/jobs?state=queued&target=BROWSER")
    assert heard.value.url.startswith(f"{way.base}/events?")
    expect(page.locator("tbody tr")).to_have_count(0)
    with JobServiceClient(way.base, way.token, transport=way.transport()) as client:
        client.datasets.submit([{"operation": "ADD", "target": "BROWSER"}])
        expect(page.locator("tbody tr")).to_have_count(1)
        [job] = client.jobs.list(target="BROWSER", state="queued")
        client.jobs.cancel(job.job_id)
    page.click("text=Sign out ops")
    page.wait_for_url(f"{way.base}/console/login")
    assert page.wrong == []
