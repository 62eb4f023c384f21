"""The filter of the jobs page as a query string, the same in the form, in links and in bulk runs."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

from job_service.datasets.store import about_target
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.faults import Fault
from job_service.lifecycle.job import State
from job_service.lifecycle.labels import MOST_LABELS, is_label
from job_service.mongo.watching.searches import JobSearch

#: The parameters of the filter, in the order of the form.
FIELDS = (
    "kind",
    "state",
    "status",
    "source",
    "target",
    "user",
    "worker",
    "since",
    "until",
    "reason",
    "number",
    "elements",
    "label",
)
#: The separator of labels in their field, which no label contains.
_BETWEEN_LABELS = "\n"
_AS_THEY_ARE = ("source", "label")
_LONGEST = 200
_NUMBER = re.compile(r"[0-9]{1,18}")
_AGO = re.compile(r"([0-9]{1,4})\s*(min|h|d)")
_HOW_TO_TELL_A_TIME = "must be a time such as 2026-01-31 12:00 (UTC), or 30min, 6h or 2d (ago)"
_HOW_TO_LABEL = f"must be a name and a value, as team=blue; {MOST_LABELS} at most"
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def given(args: "MultiDict[str, str]") -> dict[str, str]:
    """Return the filter's parameters of a query string: each name once, stripped, without empty ones.

    Sources and labels are not stripped: they may begin or end with a space. `label.team=blue`, as the API has
    it, is `label=team=blue` here.
    """
    values = {name: ",".join(args.getlist(name)) for name in FIELDS}
    labels = [f"{name.removeprefix('label.')}={value}" for name, value in args.items() if name.startswith("label.")]
    values["label"] = _BETWEEN_LABELS.join(filter(None, [*args.getlist("label"), *labels]))
    values = {name: value if name in _AS_THEY_ARE else value.strip() for name, value in values.items()}
    return {name: value for name, value in values.items() if value}


def as_query(filters: Mapping[str, str], **more: str) -> str:
    """Return the query string of a filter: the inverse of `sought_of`."""
    return urlencode({**filters, **more})


def sought_of(query: str, *, before: str | None = None, now: datetime | None = None) -> JobSearch:
    """Return the search of a query string."""
    return sought(given(MultiDict(parse_qsl(query))), before=before, now=now)


def sought(filters: Mapping[str, str], *, before: str | None = None, now: datetime | None = None) -> JobSearch:
    """Return the search of a filter. Raises Invalid, which names every faulty field."""
    long = [name for name, text in filters.items() if len(text) > _LONGEST and name != "label"]
    faults: list[Fault] = [{"loc": [name], "msg": f"is longer than {_LONGEST} characters"} for name in long]
    labels = labels_of(filters)
    if len(labels) > MOST_LABELS or not all(map(is_label, labels)):
        faults.append({"loc": ["label"], "msg": _HOW_TO_LABEL})
    moments: dict[str, datetime | None] = {}
    for name in ("since", "until"):
        try:
            moments[name] = _moment(filters.get(name), now)
        except ValueError:
            faults.append({"loc": [name], "msg": _HOW_TO_TELL_A_TIME})
    known = {state.value for state in State}
    states = filters["state"].split(",") if "state" in filters else []
    if not set(states) <= known:
        faults.append({"loc": ["state"], "msg": f"must be of {', '.join(sorted(known))}"})
    if "number" in filters and not _NUMBER.fullmatch(filters["number"]):
        faults.append({"loc": ["number"], "msg": "must be a whole number"})
    if before is not None and not _ID.fullmatch(before):
        faults.append({"loc": ["before"], "msg": "is no id"})
    if faults:
        raise Invalid("; ".join(f"{fault['loc'][0]} {fault['msg']}" for fault in faults), faults)
    return JobSearch(
        kinds=tuple(filters["kind"].split(",")) if "kind" in filters else (),
        states=tuple(State(state) for state in states),
        status=filters.get("status"),
        type=filters.get("source"),
        labels=tuple(labels),
        subject=about_target(filters["target"]) if "target" in filters else None,
        user=filters.get("user"),
        worker=filters.get("worker"),
        number=int(filters["number"]) if "number" in filters else None,
        reason=filters.get("reason"),
        with_children="elements" in filters,
        since=moments.get("since"),
        until=moments.get("until"),
        before=before,
    )


def labels_of(filters: Mapping[str, str]) -> list[str]:
    """Return the labels of a filter, each as `name=value`."""
    return filters["label"].split(_BETWEEN_LABELS) if "label" in filters else []


def _moment(text: str | None, now: datetime | None) -> datetime | None:
    """Parse a time, by default in UTC, or a duration before now. Raises ValueError."""
    if not text:
        return None
    ago = _AGO.fullmatch(text)
    if ago and now:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def absolute_times(filters: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Return the filter with absolute times, for a run that takes a while."""
    asked = sought(filters, now=now)
    fixed = {name: moment for name, moment in (("since", asked.since), ("until", asked.until)) if moment}
    return {**filters, **{name: moment.isoformat() for name, moment in fixed.items()}}
