"""The console's pages of kinds: the list, a kind, the form for one new job, and jobs of kinds of one's own anywhere."""

import re

import pytest

from tests.api.test_console_pages import HOSTILE, RAW, listed, look, press
from tests.console_world import HTML, claim, patch

KIND = {
    "description": "Small pictures",
    "types": ["small", "large"],
    "key": "/user",
    "unique": "/url",
    "retry": {"maxAttempts": 2},
    "retentionDays": 90,
    "limits": {"running": 8},
    "parameters": {
        "type": "object",
        "required": ["url", "size"],
        "properties": {
            "url": {"type": "string", "pattern": "^/[^ ]+$", "description": "Where the picture lies"},
            "size": {
                "type": "object",
                "required": ["width"],
                "properties": {"width": {"type": "integer", "minimum": 16}},
            },
            "format": {"enum": ["webp", "avif"], "default": "webp"},
            "crop": {"type": "boolean"},
            "quality": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "extra": {},
        },
    },
    "result": {"type": "object", "properties": {"bytes": {"type": "integer"}}},
}
PAGE = "/console/kinds/thumbnail"
FILLED = {"parameters/url": "/a.png", "parameters/size/width": "100", "type": "small"}


@pytest.fixture
def kind(http):
    """A kind with a schema of every type."""
    assert http.put("/kinds/thumbnail", json=KIND).status_code == 201


def submit(http, **fields):
    return press(http, f"{PAGE}/jobs", PAGE, once="a word", **{**FILLED, **fields})


def job_of(answer):
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rpartition("/")[2]


def beside(page, key):
    """What is said beside an input."""
    found = re.search(rf'id="(n-\d+)" name="{re.escape(key)}"', page.text)
    assert found, f"there is no input {key}"
    said = re.search(rf'<div id="d-{found[1]}">(.*?)</div></div>', page.text, re.DOTALL)
    return re.sub("<[^>]+>", " ", said[1]) if said else ""


def test_the_list_shows_what_waits_runs_and_failed_and_leads_to_those(http, kind):
    job_of(submit(http))
    page = look(http, "/console/kinds")
    row = page.text[page.text.index(f'href="{PAGE}"') :].partition("</tr>")[0]
    assert "Small pictures" in row
    assert '<a href="/console/jobs?kind=thumbnail&amp;state=queued">1</a>' in row
    assert page.text.index(">dataset<") < page.text.index(">thumbnail<")


def test_a_thousand_kinds_come_in_pages_and_are_found_by_a_part_of_the_name(http, store):
    many = [
        {"_id": f"kind-{n:04}", "seq": n + 1, "revision": 1, "definition": '{"description": "One of many"}'}
        for n in range(1_000)
    ]
    store.collections.kinds.insert_many([*many, {"_id": "#", "seq": 1_000, "count": 1_000}])
    seen, path = [], "/console/kinds"
    while path:
        page = look(http, path)
        assert len(page.text) < 40_000
        seen += re.findall(r'href="/console/kinds/([^"]+)"', page.text)
        following = re.findall(r'rel="next" href="([^"]+)"', page.text)
        path = following[0].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 1_005
    found = look(http, "/console/kinds?name=D-099").text
    assert re.findall(r">(kind-\d+)<", found) == [f"kind-099{n}" for n in range(10)]
    assert "No kind has zzz in its name" in look(http, "/console/kinds?name=zzz").text
    assert "The list is shorter than that" in look(http, "/console/kinds?page=999").text


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=1001", "name=a&name=b", "name[]=a"])
def test_a_bad_page_or_name_is_a_sentence(http, query):
    assert "page" in look(http, f"/console/kinds?{query}", 400).text


def test_the_page_of_a_kind_says_what_it_is(http, kind):
    text = look(http, PAGE).text
    for words in (
        "Small pictures",
        "revision 1",
        "Nothing waits, and nothing runs.",
        "No worker has asked for such jobs",
        "2 tries, again after 5 s, doubling to 10 min.",
        "Ended jobs are kept 90 days.",
        "At most 8 at a time (kept, and not enforced yet).",
        "One of small, large.",
        "The value at /user of the parameters",
        "At most one job with a value at /url",
        "size.width",
        "at least 16",
        "Where the picture lies",
        "bytes",
    ):
        assert words in text, words


def test_the_page_follows_its_jobs(http, kind, clock):
    job_of(submit(http))
    clock.advance(70)
    assert "1 job waits, the oldest for 1 min 10 s; 0 run." in " ".join(look(http, PAGE).text.split())
    path, _ = claim(http, "thumbnail")
    patch(http, path, status="failed", error="gone")
    text = look(http, PAGE).text
    assert "1 worker has asked for such jobs" in text
    assert '<a href="/console/jobs?kind=thumbnail&amp;state=failed">1</a>' in text


def test_a_family_has_a_page_without_a_form(http):
    text = look(http, "/console/kinds/dataset").text
    assert "one of the service" in text.lower()
    assert "<textarea" not in text
    answer = press(http, "/console/kinds/dataset/jobs", "/console/maintenance")
    assert (answer.status_code, "an API of their own" in answer.text) == (409, True)


def test_the_form_makes_a_job_of_what_was_typed(http, store, kind):
    fields = {
        "parameters/format": '"avif"'.strip('"'), "parameters/crop": "true", "parameters/quality": "0.5",
        "parameters/tags": "a\r\nb c", "parameters/extra": '{"n": [1]}', "parameters": '{"user": 7}', "priority": "9",
        "notBefore": "2030-01-31T12:00:00Z", "maxAttempts": "4", "labels": "team=blue\nrun=a=b",
    }  # fmt: skip
    job = store.reading.get(job_of(submit(http, **fields)))
    assert job["parameters"] == {
        "user": 7, "url": "/a.png", "size": {"width": 100}, "format": "avif", "crop": True, "quality": 0.5,
        "tags": ["a", "b c"], "extra": {"n": [1]},
    }  # fmt: skip
    assert (job["type"], job["priority"], job["maxAttempts"], job["key"]) == ("small", 9, 4, "7")
    assert (job["labels"], job["kindRevision"]) == (["run=a=b", "team=blue"], 1)
    assert job["readyAt"].year == 2030
    assert job["createdBy"]["userId"] == "local"


def test_the_form_pressed_twice_makes_one_job(http, store, kind):
    assert job_of(submit(http)) == job_of(submit(http))
    assert store.counters.counts()["thumbnail"]["queued"] == 1


@pytest.mark.parametrize(
    ("fields", "key", "words"),
    [
        ({"parameters/url": ""}, "parameters/url", "is required"),
        ({"parameters/url": "no slash"}, "parameters/url", "does not match"),
        ({"parameters/size/width": "x"}, "parameters/size/width", "is no integer"),
        ({"parameters/size/width": "3"}, "parameters/size/width", "minimum of 16"),
        ({"parameters/size/width": "9" * 30}, "parameters/size/width", "64 bit"),
        ({"parameters/format": "png"}, "parameters/format", "none of the choices"),
        ({"parameters/crop": "perhaps"}, "parameters/crop", "neither true nor false"),
        ({"parameters/quality": "high"}, "parameters/quality", "is no number"),
        ({"parameters/extra": "{"}, "parameters/extra", "is not JSON"),
        ({"parameters": "[]"}, "parameters", "is no JSON object"),
        ({"parameters": '{"user": []}'}, "parameters", "a key is a text or an integer"),
        ({"type": ""}, "type", "must be one of small, large"),
        ({"type": "huge"}, "type", "must be one of small, large"),
        ({"priority": "10"}, "priority", "less than or equal to 9"),
        ({"maxAttempts": "many"}, "maxAttempts", "valid integer"),
        ({"notBefore": "tomorrow"}, "notBefore", "RFC 3339"),
        ({"labels": "team"}, "labels", "a name, = and a value"),
        ({"labels": "-=x"}, "labels", "pattern"),
        ({"parameters/extra": '"\\ud800"'}, "parameters/extra", "Unicode"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(http, store, kind, fields, key, words):
    page = submit(http, **{"parameters/quality": "0.25", **fields})
    assert page.status_code == 400
    assert words in beside(page, key), page.text
    assert 'value="100"' in page.text or "parameters/size/width" in fields
    assert "thumbnail" not in store.counters.counts()


def test_a_value_that_an_active_job_has_is_told_beside_it(http, kind):
    job_id = job_of(submit(http))
    page = press(http, f"{PAGE}/jobs", PAGE, once="another word", **FILLED)
    assert page.status_code == 400
    assert job_id in beside(page, "parameters/url")


def test_a_form_that_was_refused_can_be_sent_corrected(http, kind):
    assert submit(http, **{"parameters/url": "no slash"}).status_code == 400
    job_of(submit(http))


def test_a_kind_without_a_schema_takes_any_object(http, store):
    http.put("/kinds/note", json={})
    page = "/console/kinds/note"
    made = press(http, f"{page}/jobs", page, parameters='{"a": {"b": 1}}')
    assert store.reading.get(job_of(made))["parameters"] == {"a": {"b": 1}}
    assert store.reading.get(job_of(press(http, f"{page}/jobs", page)))["parameters"] == {}


def test_a_kind_that_takes_nothing_else_has_no_field_for_it(http):
    http.put(
        "/kinds/strict", json={"parameters": {"properties": {"a": {"type": "string"}}, "additionalProperties": False}}
    )
    page = "/console/kinds/strict"
    assert "Other parameters" not in look(http, page).text
    refused = press(http, f"{page}/jobs", page, parameters='{"b": 1}')
    assert (refused.status_code, "Additional properties" in refused.text) == (400, True)


def test_a_kind_that_is_not_there_or_goes_is_a_sentence(http, store, kind):
    assert "There is no kind none" in look(http, "/console/kinds/none", 404).text
    store.collections.kinds.update_one({"_id": "thumbnail"}, {"$set": {"closing": "a mark", "seq": 2}})
    store.collections.kinds.update_one({"_id": "#"}, {"$set": {"seq": 2}})
    store.context.kinds.refreshed()
    assert "<textarea" not in look(http, PAGE).text
    page = press(http, f"{PAGE}/jobs", "/console/maintenance", **FILLED)
    assert page.status_code == 409


@pytest.fixture
def delete(store):
    """Deletes a kind, whatever its jobs do: another instance may not have known of them."""

    def now():
        gone = {"seq": 2, "revision": 1, "definition": "{}", "deleted": True}
        store.collections.kinds.replace_one({"_id": "thumbnail"}, gone)
        store.collections.kinds.update_one({"_id": "#"}, {"$set": {"seq": 2, "count": 0}})
        assert "thumbnail" not in store.context.kinds.refreshed().kinds

    return now


def told(http, page, verb):
    return http.get(press(http, f"{page}/{verb}", page).headers["Location"], headers=HTML).text


def test_jobs_of_a_deleted_kind_are_shown_and_their_buttons_answer(http, store, kind, delete):
    waits = job_of(submit(http))
    runs = job_of(press(http, f"{PAGE}/jobs", PAGE, once="2", **{**FILLED, "parameters/url": "/b", "priority": "9"}))
    claim(http, "thumbnail")
    delete()
    assert "is deleted" in look(http, f"/console/jobs/{waits}").text
    assert listed(http, kind="thumbnail") == {waits, runs}
    assert listed(http, state="queued") == {waits}
    assert "waits for a worker again" in told(http, f"/console/jobs/{runs}", "release")
    assert "Cancelled" in told(http, f"/console/jobs/{waits}", "cancel")
    assert "There is no kind thumbnail" in told(http, f"/console/jobs/{waits}", "retry")
    assert http.post(f"/jobs/{waits}/retry").status_code == 404
    assert http.get(f"/jobs/{runs}/explain").status_code == 200
    for path in ("/", "/console/jobs", "/console/workers", f"/console/jobs/{runs}"):
        look(http, path)


def test_a_job_shows_its_labels_key_and_kind_and_they_lead_on(http, kind):
    job_id = job_of(submit(http, parameters='{"user": "ann"}', labels="team=blue"))
    text = look(http, f"/console/jobs/{job_id}").text
    assert f'href="{PAGE}"' in text
    assert "/console/jobs?label=team%3Dblue" in text
    assert "ann" in text
    assert "/console/targets/" not in text
    assert "/console/targets/" not in look(http, "/console/jobs").text


def test_the_list_of_jobs_narrows_by_labels_as_the_api_does(http, kind):
    both = job_of(submit(http, labels="team=blue\nrun=1"))
    blue = job_of(
        press(http, f"{PAGE}/jobs", PAGE, once="2", **{**FILLED, "parameters/url": "/b", "labels": "team=blue"})
    )
    assert listed(http, label="team=blue") == listed(http, **{"label.team": "blue"}) == {both, blue}
    page = look(http, "/console/jobs?label=team%3Dblue&label=run%3D1")
    assert re.findall(r'name="label" type="text" value="([^"]*)"', page.text) == ["team=blue", "run=1"]
    assert re.findall(r'name="id" value="([^"]+)"', page.text) == [both]
    assert "invalid-feedback" in look(http, "/console/jobs?label=team", 400).text


def test_many_jobs_with_a_label_are_cancelled_at_once(http, store, kind):
    blue = job_of(submit(http, labels="team=blue\nrun=1"))
    asked = press(
        http, "/console/bulk", "/console/jobs", action="cancel", scope="all", query="label=team%3Dblue%0Arun%3D1"
    )
    assert "Cancel 1 job?" in asked.text
    assert blue in asked.text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_kind_says_is_shown_as_text(http, text):
    schema = {"properties": {text: {"type": "string", "title": text, "description": text, "enum": [text]}}}
    http.put(
        "/kinds/hostile",
        json={"description": text, "parameters": schema, "types": ["a " + text[:50].replace("\u2028", "")]},
    )
    for page in (look(http, "/console/kinds"), look(http, "/console/kinds/hostile")):
        assert not RAW.search(page.text)
        assert "49{%" not in page.text
    page = press(http, "/console/kinds/hostile/jobs", "/console/kinds/hostile", parameters=text, labels=text, type=text)
    assert page.status_code == 400
    assert not RAW.search(page.text)


@pytest.fixture
def tokens(http, kind):
    """A token of each role; from then on all have to show one."""
    made: dict[str, str] = {}
    for role in ("view", "submit", "operate", "admin"):
        shown = {"Authorization": f"Bearer {made['admin']}"} if "admin" in made else {}
        made[role] = http.post("/tokens", json={"name": role, "roles": [role]}, headers=shown).json["token"]
    return made


@pytest.mark.parametrize(
    ("role", "sees_form", "status"),
    [("view", False, 403), ("operate", False, 403), ("submit", True, 303), ("admin", True, 303)],
)
def test_whoever_may_submit_sees_the_form_and_no_other_can_send_it(http, tokens, role, sees_form, status):
    shown = {"Authorization": f"Bearer {tokens[role]}", **HTML}
    page = http.get(PAGE, headers=shown)
    assert (page.status_code, 'id="new"' in page.text) == (200, sees_form)
    csrf = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', http.get("/console/login", headers=HTML).text)[0]
    sent = http.post(f"{PAGE}/jobs", data={"csrf_token": csrf, **FILLED}, headers=shown)
    assert sent.status_code == status, sent.text
