"""Labels of jobs as callers write them: `team=blue`, and `label.team=blue` in a query string."""

import re

from flask import request

from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.faults import shortened
from job_service.web.requests import query_field

MOST_LABELS = 8
LABEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"
LABEL_VALUE = r"^[^\x00-\x1f\x7f]{1,64}$"

_PARAMETER = "label."
_HOW = "must be given as label.<name>=<value>, such as label.team=blue"


def query_labels() -> tuple[str, ...]:
    """Return the labels that a query string asks for, each as `name=value`. Raises Invalid."""
    if query_field("label") is not None:
        raise Invalid.field("label", _HOW)
    found = []
    for parameter in request.args:
        if parameter.startswith(_PARAMETER):
            label = f"{parameter.removeprefix(_PARAMETER)}={query_field(parameter)}"
            if not is_label(label):
                raise Invalid.field(shortened(parameter), _HOW)
            found.append(label)
    if len(found) > MOST_LABELS:
        raise Invalid.field("label", f"a job has {MOST_LABELS} labels at most")
    return tuple(sorted(found))


def is_label(text: str) -> bool:
    """Say whether a text is a label as it is stored: `name=value`."""
    name, _, value = text.partition("=")
    return bool(re.search(LABEL_NAME, name) and re.search(LABEL_VALUE, value) and not value.endswith("\n"))
