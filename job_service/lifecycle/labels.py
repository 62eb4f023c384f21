"""Labels of jobs, such as `team=blue`."""

import re

MOST_LABELS = 8
LABEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"
LABEL_VALUE = r"^[^\x00-\x1f\x7f]{1,64}$"


def is_label(text: str) -> bool:
    """Say whether a text is a label in its stored form, `name=value`."""
    name, _, value = text.partition("=")
    return bool(re.search(LABEL_NAME, name) and re.search(LABEL_VALUE, value) and not value.endswith("\n"))
