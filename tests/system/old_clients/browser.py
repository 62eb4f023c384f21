"""A person with a browser, on the form of the Python jobs: `python browser.py URL ADDRESS`.

It opens the page, fills the form in with its hidden fields, sends it with its cookies, goes where it is led, and reads
whether that went well; three times, then it goes home.
"""

import sys
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from tests.system.old_clients.plain import Line, refuse

PROGRAMS = ("print(1)", "print(a + b)", "print('olá')")


class Form(HTMLParser):
    """The hidden fields of a page's form."""

    def __init__(self, page):
        super().__init__()
        self.fields = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given.get("value", "")


class Browser:
    def __init__(self, base, address):
        self.line, self.base, self.cookies = Line(base, address), base, {}

    def open(self, method, path, fields=None):
        shown = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
        if self.cookies:
            shown["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if fields is not None:
            shown |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base}
        answer = self.line.ask(method, path, None if fields is None else urlencode(fields).encode(), shown)
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status in {302, 303}:
            place = urlsplit(answer.headers["Location"])
            return self.open("GET", f"{place.path}?{place.query}")
        if answer.status != 200:
            refuse(answer, f"{method} {path}")
        return answer.content.decode()


def main(base, address):
    browser = Browser(base, address)
    for program in PROGRAMS:
        hidden = Form(browser.open("GET", "/jobs/")).fields
        page = browser.open("POST", "/jobs/", {**hidden, "uid": "7", "code": program, "inputt": '{"a": 5, "b": 3}'})
        if "Adicionado com sucesso!" not in page:
            sys.exit(f"the page does not say that it went well: {page[:2_000]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
