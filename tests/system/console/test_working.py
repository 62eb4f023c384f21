"""What an operator does all day, with the mouse and with the keyboard."""

from playwright.sync_api import expect

from job_service.mongo.watching.bulk_runs import BulkRuns
from tests.console_world import claim, dataset, patch


def test_the_page_of_a_job_follows_it_to_its_end(open_browser, http):
    job_id = dataset(http, "INCOME")
    page = open_browser()
    with page.expect_response("**/events?*"):
        page.goto(f"/console/jobs/{job_id}")
    expect(page.locator("h1 + .state")).to_have_text("queued")
    path, _ = claim(http, "dataset")
    expect(page.locator("h1 + .state")).to_have_text("running")
    patch(http, path, log="halfway there")
    expect(page.locator(".log")).to_contain_text("halfway there")
    patch(http, path, status="completed")
    expect(page.locator("h1 + .state")).to_have_text("completed")
    assert page.wrong == []


def test_a_row_does_not_move_under_the_pointer(open_browser, http):
    dataset(http, "FIRST")
    page = open_browser()
    with page.expect_response("**/events?*"):
        page.goto("/console/jobs")
    page.locator("tbody tr").first.hover()
    dataset(http, "SECOND")
    expect(page.get_by_role("button", name="Show 1 change")).to_be_visible()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("button", name="Show 1 change").click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_switch_ends_the_live_updates_and_is_remembered(open_browser, http):
    dataset(http, "FIRST")
    page = open_browser()
    page.goto("/console/jobs")
    page.get_by_role("switch", name="Live").uncheck()
    page.reload()
    expect(page.get_by_role("switch", name="Live")).not_to_be_checked()
    assert not page.evaluate("performance.getEntriesByType('resource').some(one => one.name.includes('/events'))")


def test_many_jobs_are_cancelled_by_way_of_a_dry_run_and_the_filter_is_kept(open_browser, http, store):
    for number in range(60):
        dataset(http, f"SET_{number}")
    page = open_browser()
    page.goto("/console/jobs?kind=dataset&state=queued")
    page.get_by_label("all that match the filter").check()
    page.get_by_role("button", name="Cancel …").click()
    expect(page.locator("h1")).to_have_text("Cancel 60 jobs?")
    assert store.counters.counts()["dataset"]["queued"] == 60
    page.get_by_role("button", name="Yes, cancel them").click()
    expect(page.locator("h1 + .state")).to_have_text("done")
    expect(page.locator("main")).to_contain_text("60 done, 0 refused")
    page.get_by_role("link", name="To the list").click()
    assert "kind=dataset&state=queued" in page.url


def test_the_page_of_a_bulk_run_hears_of_its_end_though_no_job_changes_then(open_browser, store):
    runs = BulkRuns(store.collections, store.context.clock)
    run_id = runs.begin("cancel", "kind=dataset", [], 1, "somebody")["_id"]
    runs.take(run_id, "an instance")
    page = open_browser()
    with page.expect_response("**/events?*"):
        page.goto(f"/console/bulk/{run_id}")
    expect(page.locator("h1 + .state")).to_have_text("running")
    runs.end(run_id, "an instance")
    expect(page.locator("h1 + .state")).to_have_text("done")


def test_a_chosen_job_is_retried(open_browser, http, store):
    job_id = dataset(http, "INCOME")
    http.post(f"/jobs/{job_id}/cancel")
    page = open_browser()
    page.goto(f"/console/jobs/{job_id}")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("This is the new job")).to_be_visible()
    page.get_by_role("link", name=job_id).click()
    expect(page.get_by_text("Made again as")).to_be_visible()


def test_maintenance_is_switched_on_and_off(open_browser, store):
    page = open_browser()
    page.goto("/console/maintenance")
    page.get_by_label("Message for everyone").fill("The disks are being moved.")
    page.get_by_role("button", name="Let nothing start").click()
    expect(page.locator(".maintenance")).to_contain_text("The disks are being moved.")
    page.goto("/console/jobs")
    expect(page.locator(".maintenance")).to_be_visible()
    page.goto("/console/maintenance")
    page.get_by_role("button", name="Let jobs start again").click()
    expect(page.locator(".maintenance")).to_have_count(0)
    assert not store.maintenance.status()["paused"]


def test_the_keyboard_is_enough(open_browser, http):
    older, newer = dataset(http, "OLDER"), dataset(http, "NEWER")
    page = open_browser()
    page.goto("/console/jobs")
    page.keyboard.press("/")
    expect(page.get_by_label("Id of a job")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_label("Id of a job").blur()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=newer)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/console/jobs/{older}")


def test_a_token_is_asked_for_once_and_its_role_counts(open_browser, app, http):
    given = http.post("/tokens", json={"name": "ops", "roles": ["admin"]})
    assert given.status_code == 201, given.text
    admin = {"Authorization": f"Bearer {given.json['token']}"}
    viewer = http.post("/tokens", json={"name": "watcher", "roles": ["view"]}, headers=admin).json["token"]
    job = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "A"}]}, headers=admin)
    page = open_browser()
    page.goto("/console/jobs")
    page.get_by_label("Token").fill("made up")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("not known here")).to_be_visible()
    page.get_by_label("Token").fill(viewer)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/jobs")
    expect(page.get_by_role("button", name="Sign out watcher")).to_be_visible()
    assert job.status_code in {200, 401}
    expect(page.get_by_role("button", name="Cancel …")).to_have_count(0)
    refused = page.evaluate(
        """async () => {
            const token = document.querySelector("[name=csrf_token]").value;
            const body = new URLSearchParams({ csrf_token: token });
            return (await fetch("/console/maintenance/on", { method: "POST", body })).status;
        }"""
    )
    assert refused == 403
    page.get_by_role("button", name="Sign out watcher").click()
    page.goto("/console/workers")
    expect(page.get_by_label("Token")).to_be_visible()
