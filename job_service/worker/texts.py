"""Texts of things that others made, fit to be sent."""

#: A log line longer than this is cut; a worker's own log is the place for more.
LONGEST_LOG = 8000

_SAYS_NOTHING = ("", "None")


def clean(text: str) -> str:
    """Make any text fit to be sent: no half characters, and not without end."""
    short = text if len(text) <= LONGEST_LOG else text[: LONGEST_LOG - 1] + "…"
    return short.encode("utf-8", "replace").decode()


def text_of(value: object) -> str:
    """Give the text of anything, fit to be sent; empty where asking for it fails."""
    try:
        return clean(str(value))
    except BaseException:  # noqa: BLE001 - a class may do anything in its `__str__`, and that is no error of its reader
        return ""


def name_of(value: object) -> str:
    """Give the name of a thing's class as it was written: a metaclass may answer to `__name__` with anything."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def reason_of(error: BaseException) -> str:
    """Give an error's text, or the name of its class where the text says nothing."""
    text = text_of(error)
    return name_of(error) if text in _SAYS_NOTHING else text


def named_reason_of(error: BaseException) -> str:
    """Give the name of an error's class, and its text where it has one."""
    name, text = name_of(error), text_of(error)
    return name if text in _SAYS_NOTHING else f"{name}: {text}"
