"""What holds for every route, also for one that nobody thought of: it names its roles, and a page's form its token."""

import re

from job_service.web.access import Role

_PLACE = re.compile(r"<(?:(\w+)(?:\(([^)]*)\))?:)?\w+>")


def path_of(rule):
    return _PLACE.sub(_example, rule.rule)


def _example(place):
    kind, arguments = place.group(1), place.group(2)
    if kind == "any":
        return arguments.split(",")[0].strip(" \"'")
    return "1" if kind == "int" else "x"


def forms(app):
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    pages = [rule for rule in rules if getattr(app.view_functions[rule.endpoint], "is_page", False)]
    return [(rule, path_of(rule)) for rule in pages if not rule.rule.startswith("/console/log")]


def test_every_view_names_the_roles_that_may(app):
    unnamed = [endpoint for endpoint, view in app.view_functions.items() if not getattr(view, "allowed_roles", None)]
    assert [endpoint for endpoint in unnamed if not endpoint.endswith("static")] == []


def test_only_health_and_signing_in_ask_for_nothing(app):
    open_to_all = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if Role.ANYONE in getattr(app.view_functions[rule.endpoint], "allowed_roles", ())
    }
    expected = re.compile(r"/health/.*|/console/log(in|out)|.*/static/.*")
    assert [rule for rule in open_to_all if not expected.fullmatch(rule)] == []


def test_there_are_forms_to_test(app):
    assert len(forms(app)) >= 8


def test_no_form_is_taken_without_its_token(app, http, store):
    before = list(store.collections.maintenance_history.find())
    for rule, path in forms(app):
        answer = http.post(path, data={}, headers={"Accept": "text/html"})
        assert answer.status_code in {400, 404}, rule.rule
    assert list(store.collections.maintenance_history.find()) == before


def test_no_form_is_taken_from_a_viewer(app, http):
    admin = http.post("/tokens", json={"name": "ops", "roles": ["admin"]}).json["token"]
    as_admin = {"Authorization": f"Bearer {admin}"}
    made = http.post("/tokens", json={"name": "eyes", "roles": ["view"]}, headers=as_admin)
    as_viewer = {"Authorization": f"Bearer {made.json['token']}", "Accept": "text/html"}
    for rule, path in forms(app):
        assert http.post(path, data={}, headers=as_viewer).status_code == 403, rule.rule


def test_no_route_is_taken_from_a_stranger_once_credentials_are_configured(app, http):
    http.post("/tokens", json={"name": "ops", "roles": ["admin"]})
    asking = {"/workqueue", "/health", "/console/log", "/console/static", "/static", "/bootstrap", "/openapi/static"}
    for rule in app.url_map.iter_rules():
        roles = getattr(app.view_functions[rule.endpoint], "allowed_roles", {Role.ANYONE})
        if Role.ANYONE in roles or any(rule.rule.startswith(prefix) for prefix in asking):
            continue
        if Role.ADMIN in roles and len(roles) == 1:
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = http.open(path_of(rule), method=method, json={} if method in {"POST", "PUT", "PATCH"} else None)
            assert answer.status_code in {401, 415} if rule.rule == "/jobs" else answer.status_code == 401, rule.rule
