"""Documents lead to each other: nothing is left out, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
INDEX = DOCS / "README.md"
#: Fences may show what looks like a link.
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page):
    return [link.partition("#")[0] for link in LINK.findall(CODE.sub("", page.read_text())) if "://" not in link]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page):
    assert [link for link in links(page) if link and not (page.parent / link).exists()] == []


def test_the_index_lists_every_page():
    listed = {(DOCS / link).resolve() for link in links(INDEX)}
    pages = set(DOCS.rglob("*.md")) - set((DOCS / "decisions").iterdir()) - {INDEX}
    assert sorted(str(page.relative_to(DOCS)) for page in pages - listed) == []


def test_the_readme_is_short_and_leads_on():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    assert {"docs/tutorial.md", "docs/README.md", "docs/protocol.md"} <= set(links(ROOT / "README.md"))
