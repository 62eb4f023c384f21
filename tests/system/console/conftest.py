"""The service on a port of loopback, and a real Chromium that looks at it."""

import threading

import pytest
from werkzeug.serving import make_server

from job_service.mongo.database.clock import DatabaseClock
from tests.console_world import fill
from tests.system.browser import running_chromium

SIZES = {
    "wide": {"width": 1440, "height": 900},
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}


@pytest.fixture
def clock(database):
    """The browser's time is the real one, and so must the service's be."""
    return DatabaseClock(database)


@pytest.fixture
def url(app):
    """Where the service answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    app.extensions["job_service.drain"]()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium():
    """The browser; each test has a profile of its own in it."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def open_browser(chromium, url):
    """Opens windows of a size and a color; what goes wrong in them is in `wrong`."""
    contexts = []

    def open_one(size="desktop", *, colors="light", scripts=True):
        context = chromium.new_context(
            base_url=url, viewport=SIZES[size], color_scheme=colors, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.wrong = []
        page.on("console", lambda message: message.type == "error" and page.wrong.append(message.text))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("dialog", lambda dialog: (page.wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda sent: None if sent.url.startswith((url, "data:")) else page.wrong.append(sent.url))
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def made(http, store):
    """The ids of jobs of every kind and state, by what they are."""
    return fill(http, store, "Income statistics, corrected for moves between households")
