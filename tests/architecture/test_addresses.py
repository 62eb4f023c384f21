"""Addresses of the service are made in one place, which knows the prefix that a proxy has taken off."""

import ast
import re

import pytest

from tests.architecture.test_budgets import ROOT, nodes, sources

MAKERS = {"job_service/web/addresses.py", "job_service/web/proxies.py"}
#: What of a request names the prefix or the host, and is therefore read in one place.
ROOTS = {"script_root", "root_path", "root_url", "url_root", "host_url", "base_url"}
#: Descriptions of headers, and the other side of the wire.
OTHERS = re.compile(r"job_service/(client|worker|command|openapi)/|.*/openapi\.py|job_service/web/operations\.py")
LEADING = {"Location", "Link"}
TEMPLATES = sorted((ROOT / "job_service").rglob("*.html"))
SCRIPTS = sorted((ROOT / "job_service").rglob("static/*.js"))


def made_by_hand(value: ast.expr) -> bool:
    """Whether a header that leads somewhere is put together without what knows the prefix."""
    calls = [node.func for node in ast.walk(value) if isinstance(node, ast.Call)]
    return not any(isinstance(call, ast.Name) and call.id in {"path_to", "base_url", "url_for"} for call in calls)


def pairs(node: ast.Dict) -> list[tuple[object, ast.expr]]:
    return [
        (key.value, value) for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    ]


def test_one_module_reads_where_the_service_is():
    read = [
        f"{file}:{node.lineno}"
        for file, node in nodes(ast.Attribute, "job_service")
        if node.attr in ROOTS and ast.unparse(node.value) in {"request", "asked", "present()"} and file not in MAKERS
    ]
    named = [str(path.relative_to(ROOT)) for path in sources("job_service") if '"SCRIPT_NAME"' in path.read_text()]
    assert read == []
    assert set(named) <= MAKERS | {"job_service/command/listening.py"}


def test_no_header_leads_to_a_path_that_was_put_together_by_hand():
    assert [
        f"{file}:{value.lineno}"
        for file, node in nodes(ast.Dict, "job_service")
        for name, value in pairs(node)
        if name in LEADING and not OTHERS.match(file) and made_by_hand(value)
    ] == []


def test_no_answer_is_sent_away_to_a_path_that_was_put_together_by_hand():
    assert [
        f"{file}:{node.lineno}"
        for file, node in nodes(ast.Call, "job_service")
        if ast.unparse(node.func) == "redirect" and re.match(r"f?['\"]/", ast.unparse(node.args[0]))
    ] == []


@pytest.mark.parametrize("path", [*TEMPLATES, *SCRIPTS], ids=lambda path: path.name)
def test_no_page_and_no_script_names_a_path_from_the_root(path):
    text = path.read_text()
    assert re.findall(r"""(?:href|src|action|data-[a-z]+)=["']/[^"']*|request\.\w*root\w*""", text) == []
    assert re.findall(r"""(?:fetch|EventSource|open|assign|replace)\(\s*[`"']/[^)]*""", text) == []


@pytest.mark.parametrize(
    ("code", "by_hand"),
    [
        ('f"/jobs/{number}"', True),
        ('"/jobs"', True),
        ("location", True),
        ('path_to("/jobs")', False),
        ("f'<{path_to(request.path)}?{query}>; rel=next'", False),
    ],
)
def test_a_path_is_taken_for_made_by_hand_only_where_it_is(code, by_hand):
    assert made_by_hand(ast.parse(code, mode="eval").body) is by_hand
