"""The log of every process: lines for people on a terminal, JSON lines for programs anywhere else.

The one part beside `tracing` that the server, the command and the worker share. `configure` is for programs of this
project; `for_want_of_another` is for programs that import the client, which may configure logging themselves.
"""

from job_service.logs.asked import Asked, a_format, a_level
from job_service.logs.formats import JsonLines, Lines, TextLines, harmless
from job_service.logs.setting_up import configure, for_want_of_another

__all__ = [
    "Asked",
    "JsonLines",
    "Lines",
    "TextLines",
    "a_format",
    "a_level",
    "configure",
    "for_want_of_another",
    "harmless",
]
