"""The queries behind the console's pages: each is answered by an index, in the order it is shown in."""

import pytest

from job_service.datasets.store import about_target
from job_service.lifecycle.job import State
from job_service.mongo.watching.browsing import Browsing
from job_service.mongo.watching.overseeing import Overseeing
from job_service.mongo.watching.searches import JobSearch

SEARCHES = [
    JobSearch(),
    JobSearch(kinds=("dataset",)),
    JobSearch(states=(State.FAILED, State.QUARANTINED)),
    JobSearch(kinds=("code", "transfer"), states=(State.QUEUED,), before="01900000-0000-7000-8000-000000000000"),
    JobSearch(status="failed"),
    JobSearch(type="archive"),
    JobSearch(kinds=("conversion",), type="archive"),
    JobSearch(subject=about_target("INCOME")),
    JobSearch(user="17"),
    JobSearch(worker="w"),
    JobSearch(kinds=("code",), number=7),
    JobSearch(number=7),
    JobSearch(reason="disk"),
    JobSearch(parent_id="p", kinds=("transfer",)),
    JobSearch(with_children=True),
    JobSearch(labels=("team=blue",)),
    JobSearch(labels=("team=blue", "run=1"), kinds=("dataset",), states=(State.FAILED,), type="ADD"),
    JobSearch(labels=("team=blue",), user="17"),
    JobSearch(labels=("team=blue",), subject=about_target("INCOME")),
]


#: Labels of every other job; where no job has two, mongod takes two labels for a contradiction.
LABELS: tuple[dict, ...] = ({}, {"labels": ["run=1", "team=blue"]})


def stages(plan):
    """Every stage of a plan, by name."""
    if isinstance(plan, dict):
        found = [plan["stage"]] if isinstance(plan.get("stage"), str) else []
        return found + [stage for value in plan.values() for stage in stages(value)]
    return [stage for value in plan for stage in stages(value)] if isinstance(plan, list) else []


def winning(explained):
    """The plan that was chosen, whichever way this server tells it."""
    if "stages" in explained:
        explained = explained["stages"][0]["$cursor"]
    return explained["queryPlanner"]["winningPlan"]


@pytest.fixture
def filled(store):
    """Enough jobs for a scan to be worth avoiding."""
    for jobs in (store.collections.inprogress, store.collections.completed):
        jobs.insert_many(
            [
                {
                    "_id": f"{jobs.name}-{n:04}",
                    "kind": "dataset",
                    "state": "failed",
                    "endSeq": 0,
                    "priority": 5,
                    **LABELS[n % 2],
                }
                for n in range(500)
            ]
        )
    return store


@pytest.mark.parametrize("sought", SEARCHES, ids=range(len(SEARCHES)))
def test_a_search_scans_no_collection_and_sorts_nothing_large(filled, database, sought):
    for leg in Browsing(filled.collections, filled.context.kinds).legs(sought):
        name = "inprogress" if leg.live else "completed"
        command = {
            "aggregate": name,
            "pipeline": leg.pipeline(51, 102),
            "cursor": {},
            **({"hint": leg.hint} if leg.hint else {}),
        }
        found = stages(winning(database.command({"explain": command, "verbosity": "queryPlanner"})))
        assert "COLLSCAN" not in found
        assert "SORT" not in found or sought.subject or sought.worker or sought.number, (name, found)


def test_nothing_that_a_page_asks_for_scans_a_collection_of_jobs(filled, http, database):
    database.command("profile", 2)
    try:
        for path in ("/", "/console/jobs", "/console/workers", "/console/jobs/completed-0001", "/console/targets/NONE"):
            http.get(path, headers={"Accept": "text/html"})
        Overseeing(filled.collections, filled.context, filled.maintenance).retried_as("completed-0001")
    finally:
        database.command("profile", 0)
    entries = list(database["system.profile"].find({"ns": {"$regex": "[.](inprogress|completed)$"}}))
    database.drop_collection("system.profile")
    assert len(entries) > 10
    assert [entry["command"] for entry in entries if "COLLSCAN" in entry.get("planSummary", "")] == []
