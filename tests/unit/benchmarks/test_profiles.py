"""Where the time of a path goes: samples and notes that others have written, as tables."""

import pytest

from benchmarks.__main__ import main
from benchmarks.crew import Outcome
from benchmarks.operations import by_operation, mean_times
from benchmarks.profiled import WAYS
from benchmarks.profiling import Seen, page, python_section
from benchmarks.samples import Frame, by_function, by_layer, parse_stacks

PACKAGES = "/venv/lib/python3.11/site-packages"
STANDARD = "/usr/lib/python3.11"
OUTER = f"Thread.run ({STANDARD}/threading.py:982);Flask.__call__ ({PACKAGES}/flask/app.py:1529)"
RAW = f"""\
{OUTER};dataset_routes.<locals>.submit (/srv/job_service/datasets/routes.py:60) 3
{OUTER};dataset_routes.<locals>.submit (/srv/job_service/datasets/routes.py:61) 2
{OUTER};Store.create (/srv/job_service/mongo/store.py:9);sendall ({PACKAGES}/pymongo/network.py:2) 2
{OUTER};Response.date ({PACKAGES}/werkzeug/http.py:7);format_datetime ({STANDARD}/email/utils.py:155) 1
{OUTER};parse_json (/srv/job_service/web/parsing.py:45) 1
Thread.run ({STANDARD}/threading.py:982) 1
"""


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:] if "|" in line]


def source(file, line):
    return "    return orjson.loads(body)\n" if file.endswith("web/parsing.py") else "    pass\n"


def test_a_stack_is_read_from_its_innermost_frame():
    [first, *_] = parse_stacks(RAW)

    assert first.count == 3
    assert first.frames[0] == Frame("dataset_routes.<locals>.submit", "/srv/job_service/datasets/routes.py", 60)
    assert first.frames[-1].function == "Thread.run"


def test_what_is_no_stack_is_passed_over():
    assert parse_stacks("\nnothing\n") == []


def test_a_function_has_the_time_of_all_its_lines():
    assert cells(by_function(parse_stacks(RAW)))[:2] == [
        ["`dataset_routes.submit` job_service/datasets/routes.py", "50.0%", "60: 30.0%"],
        ["`sendall` pymongo/network.py", "20.0%", "2: 20.0%"],
    ]


def test_a_layer_has_what_the_standard_library_does_for_it():
    layers = dict(cells(by_layer(parse_stacks(RAW), source)))

    assert layers == {
        "families: routes, adapters, wire, documents": "50.0%",
        "pymongo and bson": "20.0%",
        "Flask and Werkzeug": "10.0%",
        "JSON (orjson, json)": "10.0%",
        "the standard library, called by none of these": "10.0%",
    }


def test_the_mean_time_is_that_between_two_looks():
    before = {"note": "all times in microseconds", "db.jobs": {"update": {"time": 1_000, "count": 1}}}
    after = {
        "note": "all times in microseconds",
        "db.jobs": {"update": {"time": 9_000, "count": 5}, "queries": {"time": 300, "count": 1}},
        "db.idle": {"insert": {"time": 0, "count": 0}},
    }

    assert mean_times(before, after) == {("db.jobs", "update"): 2.0, ("db.jobs", "queries"): 0.3}
    assert mean_times(before, after, only="queries") == {("db.jobs", "queries"): 0.3}


def test_operations_are_counted_for_each_job():
    update = {"ns": "db.jobs", "op": "update", "planSummary": "IXSCAN { _id: 1 }", "keysExamined": 2, "keysDeleted": 3}
    query = {"ns": "db.jobs", "op": "query", "planSummary": "IDHACK", "keysExamined": 1, "docsExamined": 1}
    idle = {"ns": "db.tokens", "op": "query", "planSummary": "COLLSCAN"}
    times = {("db.jobs", "update"): 2.0, ("db.jobs", "queries"): 0.5}

    table = by_operation([query, update, update, update, idle], times, done=2)

    assert cells(table) == [
        ["jobs", "update", "IXSCAN { _id: 1 }", "1.50", "2.00", "3.00", "3.00", "0", "+0 -4.50"],
        ["jobs", "query", "IDHACK", "0.50", "0.50", "0.25", "0.50", "0.50", "+0 -0"],
    ]
    assert table.endswith("1 more take less.")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_page_is_short_and_says_what_was_run(way):
    done = Outcome(jobs=1_000, calls=1_000, begun=0.0, ended=2.0, cpu=0.5)

    text = page(way, {"cores": 2}, Seen(done, 1.5, 1.0, python_section(RAW, 0.4), by_operation([], {}, 1)))

    assert f"- 500 {way.unit}s/s" in text
    assert "the service 1.50 ms, mongod 1.00 ms, the clients 0.50 ms" in text
    assert "cores 2" in text
    assert len(text.splitlines()) < 80


def test_without_py_spy_the_command_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("shutil.which", lambda *_args, **_named: None)

    assert main(["profile", "--out", str(tmp_path), "list"]) == 1
    assert "py-spy is missing" in capsys.readouterr().err


def test_a_path_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["profile", "sleep"])

    assert "no such path: sleep" in capsys.readouterr().err
