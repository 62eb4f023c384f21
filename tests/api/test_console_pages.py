import re

import pytest

from tests.console_world import HTML, claim, dataset, fill, pages, patch

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</script><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "<svg/onload=alert(1)>",
    "\u202e<b>turned</b>\u2028",
]
RAW = re.compile(r"<script>|<img|<svg/|<b>turned|onerror=alert\(1\)>(?!&)")


def token(page):
    return re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[0]


def look(http, path, status=200):
    page = http.get(path, headers=HTML)
    assert page.status_code == status, (path, page.text)
    return page


def press(http, path, page, **fields):
    return http.post(path, data={"csrf_token": token(look(http, page)), **fields}, headers=HTML)


def test_every_page_opens_on_an_empty_service(http):
    for path in pages({}):
        if path != "/console/targets/INCOME":
            look(http, path)


def test_every_page_opens_when_there_is_something_to_show(http, store):
    for path in pages(fill(http, store)):
        look(http, path)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_users_write_is_shown_as_text_on_every_page(http, store, text):
    made = fill(http, store, text)
    http.post("/maintenance-status", json={"msg": text, "pause": 1})
    for path in pages(made):
        shown = look(http, path).text
        assert not RAW.search(shown), path
        assert "49{%" not in shown
        assert not re.search(r'(href|src|action)="\s*javascript:', shown, re.IGNORECASE)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_stands_in_the_url_is_shown_as_text(http, store, text):
    fill(http, store)
    for name in (
        "kind",
        "state",
        "status",
        "target",
        "source",
        "user",
        "worker",
        "reason",
        "since",
        "number",
        "id",
        "before",
    ):
        page = http.get("/console/jobs", query_string={name: text}, headers=HTML)
        assert page.status_code in {200, 400}
        assert not RAW.search(page.text), name


def listed(http, **query):
    page = http.get("/console/jobs", query_string=query, headers=HTML)
    assert page.status_code == 200
    return set(re.findall(r'name="id" value="([^"]+)"', page.text))


def test_each_filter_finds_its_jobs(http, store):
    made = fill(http, store)
    assert listed(http, state="failed") == {made["failed"]}
    assert listed(http, kind="dataset", state="queued") == {made["queued"]}
    assert listed(http, status="importing") == {made["running"]}
    assert listed(http, target="HOUSING") == {made["cancelled"]}
    assert listed(http, worker="importer-1") == {made["failed"]}
    assert listed(http, worker="a text") == {made["running"], made["done"]}
    assert listed(http, reason="A TEX", kind="dataset") >= {made["failed"]}
    assert listed(http, reason="another") == set()
    assert len(listed(http, source="archive")) == 1
    assert len(listed(http, kind="code", number="1")) == 1


def test_a_filter_by_time_finds_every_kind(http, store, clock):
    old = fill(http, store)
    clock.advance(3600)
    new = dataset(http, "LATER")
    assert listed(http, since="30min") == {new}
    before = listed(http, until="30min")
    assert set(old.values()) <= before
    assert new not in before
    assert len(before) == len(listed(http)) - 1


def test_a_bad_filter_is_told_beside_its_field(http):
    page = look(http, "/console/jobs?since=yesterday&state=odd&number=x", 400)
    assert page.text.count("invalid-feedback") == 3


def test_paging_shows_each_job_once_and_keeps_the_filter(http):
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": f"T{n}"} for n in range(120)]})
    seen, path = [], "/console/jobs?kind=dataset&state=queued"
    while path:
        page = look(http, path)
        seen += re.findall(r'name="id" value="([^"]+)"', page.text)
        following = re.findall(r'rel="next" href="([^"]+)"', page.text)
        path = following[0].replace("&amp;", "&") if following else ""
        assert not path or "kind=dataset&state=queued" in path
    assert len(seen) == len(set(seen)) == 120


def test_an_id_in_the_filter_leads_to_its_job(http, store):
    made = fill(http, store)
    found = http.get("/console/jobs", query_string={"id": made["done"]}, headers=HTML)
    assert found.headers["Location"].endswith(made["done"])


def test_a_search_that_stops_half_way_says_so_and_goes_on(http, monkeypatch):
    monkeypatch.setattr("job_service.mongo.watching.browsing.LOOKED_AT", 10)
    wanted = dataset(http, "WANTED")
    path, _ = claim(http, "dataset")
    patch(http, path, status="failed", error="the disk was full")
    http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": f"T{n}"} for n in range(35)]})
    path, steps = "/console/jobs?kind=dataset&reason=DISK was", 0
    http.post("/claims", json={"kind": "dataset", "worker": "w", "limit": 35})
    while f'value="{wanted}"' not in (page := look(http, path)).text:
        assert "Looked through" in page.text
        path = re.findall(r'rel="next" href="([^"]+)"', page.text)[0].replace("&amp;", "&")
        steps += 1
        assert steps < 10


def test_the_buttons_of_a_job_do_what_they_say(http, store):
    made = fill(http, store)
    page = f"/console/jobs/{made['queued']}"
    assert press(http, f"{page}/cancel", page).status_code == 303
    assert store.reading.get(made["queued"])["state"] == "cancelled"
    page = f"/console/jobs/{made['running']}"
    press(http, f"{page}/release", page)
    assert store.reading.get(made["running"])["state"] == "queued"
    page = f"/console/jobs/{made['failed']}"
    again = press(http, f"{page}/retry", page).headers["Location"].rpartition("/")[2]
    assert store.reading.get(again)["retriedFrom"] == made["failed"]
    assert again in look(http, page).text


def test_an_action_that_is_refused_says_why_in_words(http, store):
    made = fill(http, store)
    page = f"/console/jobs/{made['done']}"
    told = http.get(press(http, f"{page}/cancel", page).headers["Location"], headers=HTML)
    assert "already ended as completed" in told.text


def test_the_flag_is_set_and_lifted_and_every_page_tells_of_it(http, store):
    press(http, "/console/maintenance/on", "/console/maintenance", msg="moving house")
    for path in pages({}):
        if path not in {"/console/targets/INCOME", "/console/login"}:
            assert "moving house" in look(http, path).text, path
    assert store.maintenance.status()["setBy"] == "local"
    press(http, "/console/maintenance/off", "/console/maintenance")
    assert not store.maintenance.status()["paused"]


def test_the_overview_puts_what_is_wrong_first(http, store, clock):
    assert "Nothing is wrong" in look(http, "/").text
    fill(http, store)
    clock.advance(400)
    http.post("/maintenance-status", json={"msg": "moving", "pause": 1})
    shown = look(http, "/").text
    for words in (
        "Nothing starts: paused by local",
        "Nobody asks for dataset jobs",
        "whose lease is over",
        "Not heard of",
    ):
        assert words in shown, words
    assert shown.index("Nothing starts: paused") < shown.index("Jobs by kind and state")


def test_the_console_works_below_a_sub_path(app, store):
    http = app.test_client()
    made = fill(http, store)
    page = http.get(f"/console/jobs/{made['done']}", headers=HTML, environ_overrides={"SCRIPT_NAME": "/ops"})
    links = re.findall(r'(?:href|src|action|data-events)="([^"#]+)"', page.text)
    assert links
    assert [link for link in links if not link.startswith("/ops/")] == []
    claim(http, "dataset", "w")


def test_a_held_job_is_cancelled_at_once_where_nobody_is_to_be_waited_for(http, store):
    made = fill(http, store)
    page = f"/console/jobs/{made['running']}"
    assert "Cancel now" in look(http, page).text
    assert "Cancel now" not in look(http, f"/console/jobs/{made['queued']}").text
    press(http, f"{page}/cancel", page)
    assert store.reading.get(made["running"])["state"] == "running"
    press(http, f"{page}/cancel-now", page)
    assert store.reading.get(made["running"])["state"] == "cancelled"
