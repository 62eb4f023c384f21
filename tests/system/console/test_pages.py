"""Each page in a real browser: it opens without a fault, at every width, in both colors, and for everyone."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.console_world import fill, pages

#: Set it to the folder of the documentation to renew the pictures there.
PICTURES = os.environ.get("CONSOLE_SCREENSHOTS")
SERIOUS = {"serious", "critical"}
HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'{{7*7}}"


def named(path):
    return path.strip("/").replace("console/", "").replace("/", "-").partition("?")[0] or "overview"


def picture(page, name, tmp_path):
    folder = Path(PICTURES) if PICTURES else tmp_path
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert (folder / f"{name}.png").stat().st_size > 5_000


def shown_pages(made):
    return [path for path in pages({"running": made["running"]}) if "elements" not in path]


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_opens_without_a_fault_and_fits_the_screen(open_browser, made, size, tmp_path):
    page = open_browser(size)
    for path in shown_pages(made):
        page.goto(path)
        assert page.wrong == [], path
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], path
        picture(page, f"{named(path).replace(made['running'], 'one')}-{size}", tmp_path)


def test_the_banner_and_the_problems_are_seen_in_the_dark(open_browser, http, made, tmp_path):
    http.post("/maintenance-status", json={"msg": "The disks are being moved until noon.", "pause": 1})
    page = open_browser(colors="dark")
    page.goto("/")
    assert page.get_by_text("Nothing starts: paused by local").is_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(20, 24, 29)"
    picture(page, "overview-dark", tmp_path)


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_no_page_has_a_serious_fault_of_accessibility(open_browser, http, made, colors):
    http.post("/maintenance-status", json={"msg": "moving", "pause": 1})
    page = open_browser(colors=colors)
    found = []
    for path in shown_pages(made):
        page.goto(path)
        violations = Axe().run(page).response["violations"]
        found += [
            (path, violation["id"], [node["html"][:150] for node in violation["nodes"][:3]])
            for violation in violations
            if violation["impact"] in SERIOUS
        ]
    assert found == []


def test_hostile_text_runs_nowhere(open_browser, http, store):
    made = fill(http, store, HOSTILE)
    page = open_browser()
    for path in pages(made):
        page.goto(path)
        assert page.wrong == [], path
        assert page.locator("img").count() == 0, path


def test_every_page_can_be_read_without_scripts(open_browser, made):
    page = open_browser(scripts=False)
    for path in shown_pages(made):
        page.goto(path)
        assert page.locator("main h1").count() == 1, path
    page.goto(f"/console/jobs/{made['done']}")
    assert page.locator("details.json").first.is_visible()
