HTML = {"Accept": "text/html,*/*"}


def test_the_start_page_is_a_page_for_browsers_and_json_for_others(http):
    page = http.get("/", headers=HTML)
    assert page.mimetype == "text/html"
    assert "Overview" in page.text
    assert http.get("/").mimetype == "application/json"


def test_a_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(http):
    page = http.get("/", headers=HTML)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "//cdn" not in page.text
    assert "<script>" not in page.text
    assert "style=" not in page.text


def test_an_error_of_a_page_is_a_page_for_browsers_only(http):
    assert "Not found" in http.get("/no/such/page", headers=HTML).text
    assert http.get("/no/such/page").json["code"] == "not-found"
    assert http.get("/jobs/none", headers=HTML).mimetype == "application/json"


def test_a_form_without_its_csrf_token_is_refused(http):
    assert http.post("/console/logout", headers=HTML).status_code == 400


def test_the_session_cookie_is_for_this_site_alone_and_no_script_reads_it(http):
    cookie = http.get("/console/login", headers=HTML).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
