"""Who may what is written down, and holds for the routes there are: one that nobody thought of fails here."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
IMPLIED = {"HEAD", "OPTIONS"}


def test_the_table_of_roles_is_that_of_the_routes(app):
    rows = re.findall(r"^\| `(/.*?)` \| ([A-Z, ]+) \| ([a-z, ]+) \|$", PAGE.read_text(), re.MULTILINE)
    written = {(rule, method, roles) for rule, methods, roles in rows for method in methods.split(", ")}
    there = {
        (rule.rule, method, ", ".join(sorted(getattr(app.view_functions[rule.endpoint], "allowed_roles", {"admin"}))))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - IMPLIED
    }
    assert written == there
