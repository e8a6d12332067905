"""README.md and docs/: what they point to is there."""

import re

import codes
import pytest
from conftest import ROOT

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))


def links(page):
    """The files and anchors that a page links to."""
    found = re.findall(r"\]\(([^)]+)\)", page.read_text())
    return [link.partition("#") for link in found if "://" not in link]


def anchors(page):
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [README, *DOCS], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for name, _, anchor in links(page):
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), anchor


def test_the_readme_links_every_page():
    linked = {(ROOT / name).resolve() for name, _, _ in links(README)}
    assert [page.name for page in DOCS if page.resolve() not in linked] == []


def test_the_page_of_the_account_names_codes_that_there_are():
    page = (ROOT / "docs" / "domain.md").read_text()
    names = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", page))
    assert len(names) >= 5
    for name in names:
        codes.code(name)
