"""Labels of jobs in a query string: `label.team=blue`."""

from flask import request

from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.faults import shortened
from job_service.lifecycle.labels import MOST_LABELS, is_label
from job_service.web.requests import query_field

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
