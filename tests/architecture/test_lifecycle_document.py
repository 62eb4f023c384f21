"""The state diagram of the documentation is the table that the code goes by."""

import re
from pathlib import Path

from job_service.lifecycle.transitions import LEGAL_TRANSITIONS, is_legal

DOCUMENT = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()
ARROW = re.compile(r"^ +(\[\*\]|\w+) --> (\w+): (\w) (\w+)$", re.MULTILINE)


def test_the_diagram_has_the_arrows_of_the_table():
    drawn = {
        (letter, verb, source.replace("[*]", ""), target) for source, target, letter, verb in ARROW.findall(DOCUMENT)
    }
    assert drawn == {(move.letter, move.verb, move.source or "", move.target) for move in LEGAL_TRANSITIONS}


def test_each_arrow_is_explained():
    explained = re.findall(r"\*\*(\w) (\w+)\.?\*\*", DOCUMENT)
    assert sorted(explained) == sorted((move.letter, move.verb) for move in LEGAL_TRANSITIONS)


def test_what_is_not_drawn_is_not_legal():
    assert all(is_legal(move.source, move.target) for move in LEGAL_TRANSITIONS)
    assert not is_legal(None, LEGAL_TRANSITIONS[1].target)
