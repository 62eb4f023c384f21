"""Conversations of earlier systems, written down in `tests/resources/replays`, held with the service of today.

A file is a list of exchanges. Each has a title (`###`), a request as it goes over the wire, and what has to be
answered, from `HTTP/1.1` on. In both, `{name}` is a value that an earlier answer had at this place. Of an answer, `...`
is anything; a list that ends with it may go on, `(absent)` is a field that must not be there, and fields that are not
written down may be, as old clients take no notice of them. Of a page, each line has to occur, in that order.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "resources" / "replays"
NAME = re.compile(r"\{([a-z_]+)\}")
ANYTHING, ABSENT = "...", "(absent)"


@dataclass(frozen=True)
class Exchange:
    """One request and what has to be answered."""

    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    expected_headers: dict[str, str]
    expected: str


def read(name):
    """Give the exchanges of a file."""
    _, *parts = re.split(r"^### ", (FOLDER / f"{name}.http").read_text(), flags=re.MULTILINE)
    return [_exchange(part) for part in parts]


def _exchange(text):
    title, _, rest = text.partition("\n")
    request, _, answer = rest.partition("\nHTTP/1.1 ")
    (line, *headers), body = _message(request)
    (status, *expected_headers), expected = _message(answer)
    method, _, path = line.partition(" ")
    return Exchange(title, method, path, _headers(headers), body, int(status[:3]), _headers(expected_headers), expected)


def _message(text):
    head, _, body = text.partition("\n\n")
    return head.splitlines(), body.strip()


def _headers(lines):
    return dict(line.split(": ", 1) for line in lines)


class Replay:
    """One conversation; `known` are the values of the names."""

    def __init__(self, http, **known):
        self._http = http
        self.known = {"url": str(http.base_url).rstrip("/"), **known}

    def hold(self, exchange):
        """Send the request, and compare what is answered."""
        headers = {name: self._filled(value) for name, value in exchange.headers.items()}
        body = self._filled(exchange.body).encode() or None
        path = self._filled(exchange.path)
        # As a browser does, unless the exchange is about that very answer.
        follow = exchange.status // 100 != 3
        answer = self._http.request(exchange.method, path, headers=headers, content=body, follow_redirects=follow)
        assert answer.status_code == exchange.status, answer.text
        for name, expected in exchange.expected_headers.items():
            self._compare(self._filled(expected), answer.headers.get(name, ABSENT), name)
        if exchange.expected.startswith(("{", "[")) and "html" not in answer.headers["Content-Type"]:
            self._compare(json.loads(exchange.expected), answer.json(), "")
        elif exchange.expected:
            self._find(exchange.expected.splitlines(), answer.text)

    def _filled(self, text):
        return NAME.sub(lambda found: str(self.known[found[1]]), text)

    def _compare(self, expected, found, where):
        if isinstance(expected, dict) and isinstance(found, dict):
            for name, value in expected.items():
                self._compare(value, found.get(name, ABSENT), f"{where}.{name}")
        elif isinstance(expected, list) and isinstance(found, list):
            self._compare_lists(expected, found, where)
        elif isinstance(expected, str) and expected != ABSENT:
            self._compare_text(expected, found, where)
        else:
            assert found == expected, where

    def _compare_lists(self, expected, found, where):
        if expected and expected[-1] == ANYTHING:
            expected, found = expected[:-1], found[: len(expected) - 1]
        assert len(found) == len(expected), f"{where}: {found}"
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            self._compare(one, other, f"{where}[{number}]")

    def _compare_text(self, expected, found, where):
        assert found != ABSENT, f"{where} is missing"
        name = NAME.fullmatch(expected)
        if name:
            assert self.known.setdefault(name[1], found) == found, where
        elif expected != ANYTHING:
            assert found == self._filled(expected), where

    def _find(self, lines, text):
        start = 0
        for line in lines:
            wanted = NAME.sub(r"(?P<\1>[^\\s\"<>]+)", re.sub(r"([.?*+()\[\]|^$\\])", r"\\\1", line))
            match = re.compile(wanted).search(text, start)
            assert match, f"{line!r} does not occur behind {text[max(start - 40, 0) : start]!r}"
            start = match.end()
            self.known.update(match.groupdict())
