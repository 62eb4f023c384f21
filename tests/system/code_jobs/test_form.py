"""The form in a browser, from the program to its result."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.system.code_jobs.asking import core

SUM = "print(a + b)"
INPUT = json.dumps({"a": 5, "b": 3})
EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
ENDS_MS = 30_000


def send(page, uid="1", code="", given=INPUT, file=None):
    page.goto("/jobs/")
    page.get_by_label("UserID").fill(uid)
    page.get_by_label("Code: a program").fill(code)
    page.get_by_label("Input").fill(given)
    if file:
        page.get_by_label("or upload").set_input_files(file)
    page.get_by_role("button", name="Enviar").click(timeout=ENDS_MS)


def told(page, words):
    """Give the number of the job whose message has these words."""
    message = page.get_by_role("status").filter(has_text=words)
    expect(message).to_be_visible(timeout=ENDS_MS)
    return int(message.inner_text().rpartition("ID: ")[2])


@pytest.fixture
def upload(tmp_path):
    file = tmp_path / "upload.py"
    file.write_text(SUM)
    return file


@pytest.mark.parametrize("way", ["pasted", "named", "uploaded"])
def test_the_sum_of_two_numbers(page, service, upload, way):
    source = {"pasted": {"code": SUM}, "named": {"code": "soma.py"}, "uploaded": {"file": upload}}[way]
    send(page, **source)
    number = told(page, "Adicionado com sucesso! (Added, and done.)")
    made = page.get_by_role("region", name="The new job")
    expect(made.locator("pre").first).to_have_text("8")
    made.get_by_role("link", name=str(number), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Code job {number} DONE")
    assert core(service.http, number)["state"] == "completed"


def test_an_error_is_told_and_its_traceback_folded(page):
    send(page, code="1/0")
    number = told(page, "Adicionado, porém com erro! (Added, but it ended with an error.)")
    page.goto(f"/jobs/{number}")
    traceback = page.get_by_text("Traceback (most recent call last)")
    expect(traceback).to_be_hidden()
    page.get_by_text("Log (2 entries)").click()
    expect(traceback).to_be_visible()
    expect(traceback).to_contain_text("ZeroDivisionError: division by zero")


def test_run_again_makes_a_job_that_names_the_first(page, service):
    send(page, code=SUM)
    first = told(page, "Adicionado com sucesso!")
    page.goto(f"/jobs/{first}")
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_text(f"Job {first}, run again.")).to_be_visible()
    second = int(page.url.rpartition("/")[2])
    assert second != first
    assert service.http.get(f"/code-jobs/{second}?wait=30").json()["result"] == "8\n"
    assert core(service.http, second)["retriedFrom"] == core(service.http, first)["jobId"]
    page.locator(f"main a[href='/jobs/{first}']").click()
    expect(page).to_have_url(re.compile(rf"/jobs/{first}$"))


@pytest.mark.parametrize(
    ("fields", "label", "fault"),
    [
        ({"uid": "0"}, "UserID", "must be an integer greater than 0"),
        ({"uid": "x"}, "UserID", "must be an integer greater than 0"),
        ({"code": " "}, "Code: a program", "The program is empty"),
        ({"code": "nowhere.py"}, "Code: a program", "there is no program nowhere.py"),
        ({"given": "{"}, "Input", "must be a JSON object"),
        ({"given": '{"class": 1}'}, "Input", "'class' can not be the name of a variable"),
    ],
    ids=str,
)
def test_a_bad_field_is_told_beside_it_and_the_rest_is_kept(page, fields, label, fault):
    send(page, **{"code": SUM, **fields})
    field = page.get_by_label(label)
    expect(field).to_have_accessible_description(re.compile(re.escape(fault)))
    expect(field).to_have_attribute("aria-invalid", "true")
    assert page.locator("[aria-invalid=true]").count() == 1
    expect(page.get_by_label("UserID")).to_have_value(fields.get("uid", "1"))
    expect(page.get_by_label("Input")).to_have_value(fields.get("given", INPUT))


def test_what_a_program_prints_is_text(page):
    send(page, code="print(evil)", given=json.dumps({"evil": EVIL}))
    number = told(page, "Adicionado com sucesso!")
    expect(page.get_by_role("region", name="The new job").locator("pre").first).to_have_text(EVIL)
    for path in (f"/jobs/{number}", "/jobs/", "/users/1"):
        page.goto(path)
        expect(page.locator("main")).to_contain_text("<script>document.title")
        expect(page.locator("main img, main script")).to_have_count(0)
        expect(page).not_to_have_title("owned")
