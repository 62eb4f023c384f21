"""Texts of foreign objects, made safe to send."""

#: A log line longer than this is cut; a worker's own log is the place for more.
LONGEST_LOG = 8000

_SAYS_NOTHING = ("", "None")


def clean(text: str) -> str:
    """Return a text without lone surrogates, cut if too long."""
    short = text if len(text) <= LONGEST_LOG else text[: LONGEST_LOG - 1] + "…"
    return short.encode("utf-8", "replace").decode()


def text_of(value: object) -> str:
    """Return the text of any value, safe to send; empty where `str` raises."""
    try:
        return clean(str(value))
    except BaseException:  # noqa: BLE001 - a class may raise anything in its `__str__`
        return ""


def name_of(value: object) -> str:
    """Return the name of a value's class, safely: a metaclass may override `__name__`."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def reason_of(error: BaseException) -> str:
    """Return an error's text, or the name of its class where the text is blank."""
    text = text_of(error)
    return name_of(error) if text in _SAYS_NOTHING else text


def named_reason_of(error: BaseException) -> str:
    """Return the name of an error's class, and its text if it has one."""
    name, text = name_of(error), text_of(error)
    return name if text in _SAYS_NOTHING else f"{name}: {text}"
