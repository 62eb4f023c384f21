"""Following a page of the documentation: its commands go into terminals as it says, and must answer what it shows.

A comment in front of a block says what it is: `terminal 2` for commands, `terminal 2, stays busy` for those that do not
end by themselves, `file NAME` for a file to be saved, `terminal 2, takes minutes` for commands that are not followed.
`terminal 2, Ctrl-C` stands for itself. A `text` block is what the commands before it say, `…` being anything.
"""

import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass

from tests.system.serving.service import descendants
from tests.system.serving.waiting import until

#: What one step of the page may take where the machine is busy.
STEP_SECONDS = 60
STEP = re.compile(
    r"<!-- (?P<where>.+?) -->\n(?:```(?:sh|python|yaml)\n(?P<what>.*?)\n```\n)?(?:\n```text\n(?P<said>.*?)\n```\n)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """One thing to do, and what must be said then, if anything."""

    where: str
    how: str
    what: str
    said: str


def steps(text):
    """Give what a page asks for, in order."""
    for found in STEP.finditer(text):
        where, _, how = found["where"].partition(", ")
        yield Step(where, how, found["what"] or "", found["said"] or "")


class Terminal:
    """A shell, what it says, and the key that ends what runs in it."""

    def __init__(self, folder, environment):
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._shell.stdin is not None
        self._typed = self._shell.stdin
        # Ctrl-C ends the command, not the shell.
        self._typed.write("trap : INT\n")
        self._said = ""
        self._done = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        assert self._shell.stdout is not None
        for line in self._shell.stdout:
            self._said += line
        self._shell.stdout.close()

    def run(self, commands, *, ends=True):
        """Type commands; wait until they have ended, unless they do not."""
        self._said = ""
        self._done += 1
        mark = f"[{self._done} done]"
        self._typed.write(f"{{\n{commands}\n}} < /dev/null\necho '{mark}'\n")
        self._typed.flush()
        if ends:
            self._await(lambda: mark in self._said, mark)
            self._said = self._said.replace(f"{mark}\n", "")

    def expect(self, text):
        """Wait until the commands have said this."""
        wanted = re.compile(".*?".join(map(re.escape, text.split("…"))), re.DOTALL)
        self._await(lambda: wanted.search(self._said), text)

    def interrupt(self):
        """Press Ctrl-C, and wait until the command has ended."""
        os.killpg(self._shell.pid, signal.SIGINT)
        mark = f"[{self._done} done]"
        self._await(lambda: mark in self._said, mark)

    def _await(self, condition, expected):
        try:
            until(condition, STEP_SECONDS)
        except AssertionError:
            raise AssertionError(f"expected {expected!r}, but it says {self._said!r}") from None

    def close(self):
        """End the shell and what it has started; give the process ids of what was there."""
        family = descendants(self._shell.pid)
        os.killpg(self._shell.pid, signal.SIGTERM)
        self._typed.close()
        self._shell.wait(60)
        self._reader.join(60)
        return family
