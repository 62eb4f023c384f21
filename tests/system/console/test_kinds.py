"""From the list of kinds to a job of one, by its form, on a wide screen and on a phone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

#: Set it to a folder to see what the pages look like.
PICTURES = os.environ.get("KIND_PICTURES")


@pytest.fixture
def kind(http):
    """A kind whose schema has what a form can draw, and what it cannot."""
    schema = {
        "type": "object",
        "required": ["path", "size"],
        "properties": {
            "path": {"type": "string", "pattern": "^/[^ ]+$", "description": "Where the picture lies"},
            "size": {
                "type": "object",
                "required": ["width"],
                "properties": {"width": {"type": "integer", "minimum": 16}, "height": {"type": "integer"}},
            },
            "format": {"enum": ["webp", "avif"], "default": "webp"},
            "crop": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "a-very-long-name-of-a-property-without-any-place-to-break-it-anywhere-at-all": {
                "type": ["string", "null"]
            },
        },
    }
    assert http.put("/kinds/thumbnail", json={"description": "Small pictures", "parameters": schema}).status_code == 201


def require_fit(page, tmp_path, name):
    """The page fits its window; and a picture of it."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url
    page.screenshot(path=Path(PICTURES or tmp_path) / f"{name}-{page.viewport_size['width']}.png", full_page=True)


def find(page, tmp_path):
    """Go from the start page to the page of the kind."""
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Kinds").click()
    require_fit(page, tmp_path, "kinds")
    page.get_by_label("Part of the name").fill("THUMB")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="thumbnail").click()
    expect(page.locator("p.paragraph")).to_have_text("Small pictures")
    require_fit(page, tmp_path, "kind")


def fill_wrongly(page, tmp_path):
    """Fill the form with one fault, which is told beside its field; what was typed stays."""
    form = page.get_by_role("region", name="New job")
    form.get_by_label("path").fill("no slash")
    form.get_by_label("width").fill("100")
    form.get_by_label("crop").select_option("yes")
    form.get_by_label("tags").fill("one\ntwo words")
    form.get_by_role("button", name="Submit").click()
    expect(form.locator(".text-danger")).to_contain_text("does not match")
    expect(form.get_by_label("path")).to_have_value("no slash")
    require_fit(page, tmp_path, "kind-refused")
    return form


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_a_job_is_submitted_by_the_form_of_its_kind(open_browser, http, store, kind, size, tmp_path):
    page = open_browser(size)
    find(page, tmp_path)
    form = fill_wrongly(page, tmp_path)
    form.get_by_label("path").fill("/m/4.jpg")
    form.get_by_text("Type, priority, time, labels").click()
    form.get_by_label("Labels").fill("team=blue")
    form.get_by_role("button", name="Submit").dblclick()
    expect(page.get_by_text("This is the new thumbnail job.")).to_be_visible()
    expect(page.locator("h1 + .state")).to_have_text("queued")
    require_fit(page, tmp_path, "job")
    page.get_by_role("link", name="team=blue").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    require_fit(page, tmp_path, "jobs")
    assert store.counters.counts()["thumbnail"] == {"queued": 1}
    [job] = http.get("/jobs?kind=thumbnail").json
    assert job["parameters"] == {
        "path": "/m/4.jpg", "size": {"width": 100}, "format": "webp", "crop": True, "tags": ["one", "two words"],
    }  # fmt: skip
    assert page.wrong == ["Failed to load resource: the server responded with a status of 400 (BAD REQUEST)"]
