"""A run's figures: kept, shown, and compared with those of another run."""

import json

import pytest

from benchmarks.__main__ import main
from benchmarks.compare import comparison
from benchmarks.figures import Figure, Ratio, Results
from benchmarks.ratios import GOALS, Goal, ratios_of
from benchmarks.table import markdown, number


def results(*, claims=1000.0, wait=4.0, share=1.1, **machine):
    figures = (
        Figure("claim", "jobs/s", "higher", (claims - 100, claims, claims + 300)),
        Figure("pickup", "ms", "lower", (wait,)),
    )
    ratios = (Ratio("claim / raw", share, "higher", 1.0), Ratio("pickup / raw", wait, "lower"))
    return Results({"cpu": "a", "sizes": "full", **machine}, figures, ratios)


def test_the_median_of_the_runs_counts():
    figure = Figure("claim", "jobs/s", "higher", (900.0, 5000.0, 1000.0))

    assert figure.median == 1000
    assert figure.spread == pytest.approx(2.05)


def test_what_is_saved_is_loaded(tmp_path):
    file = tmp_path / "new" / "run.json"

    results().save(file)

    assert Results.load(file) == results()
    stored = json.loads(file.read_text())
    assert stored["figures"][0]["median"] == 1000
    assert [each["met"] for each in stored["ratios"]] == [True, None]


@pytest.mark.parametrize(
    ("better", "value", "met"),
    [("higher", 1.0, True), ("higher", 0.9, False), ("lower", 1.0, True), ("lower", 1.1, False)],
)
def test_a_target_is_met_from_the_better_side(better, value, met):
    assert Ratio("any", value, better, 1.0).met is met


def test_a_fifth_less_is_no_regression_yet():
    text, worse = comparison(results(), results(claims=801.0, wait=4.7, share=0.89))

    assert worse == []
    assert "0 of 4 worse" in text


def test_more_than_a_fifth_for_the_worse_is_a_regression_either_way():
    _, worse = comparison(results(), results(claims=790.0, wait=4.9, share=0.5))

    assert [each.name for each in worse] == ["claim", "pickup", "claim / raw", "pickup / raw"]


def test_better_is_never_a_regression():
    text, worse = comparison(results(), results(claims=9000.0, wait=0.5, share=9.0))

    assert worse == []
    assert text.count("better") == 4


def test_what_only_one_run_has_is_named():
    old, new = results(), Results({"cpu": "a", "sizes": "full"}, results().figures[:1])

    text, worse = comparison(old, new)

    assert worse == []
    assert "Only before: claim / raw; pickup; pickup / raw" in text


def test_runs_that_can_hardly_be_compared_say_so():
    text, _ = comparison(results(), results(sizes="quick"))

    assert "Beware: sizes was full, and is quick" in text
    assert "cpu" not in text


def test_what_was_nothing_before_is_worse_when_it_costs_something():
    old = Results({}, (Figure("operations", "1/s", "lower", (0.0,)), Figure("same", "1/s", "lower", (0.0,))))
    new = Results({}, (Figure("operations", "1/s", "lower", (2.0,)), Figure("same", "1/s", "lower", (0.0,))))

    _, worse = comparison(old, new)

    assert [each.name for each in worse] == ["operations"]


@pytest.mark.parametrize(("claims", "status"), [(1000.0, 0), (500.0, 1)])
def test_the_command_compares_files(tmp_path, capsys, claims, status):
    results().save(tmp_path / "old.json")
    results(claims=claims).save(tmp_path / "new.json")

    assert main(["compare", str(tmp_path / "old.json"), str(tmp_path / "new.json")]) == status
    assert "| claim | 1,000 |" in capsys.readouterr().out


def test_the_command_shows_a_file_as_markdown(tmp_path, capsys):
    results().save(tmp_path / "run.json")

    assert main(["table", str(tmp_path / "run.json")]) == 0
    assert capsys.readouterr().out == markdown(results()) + "\n"


def test_a_table_has_the_targets_and_whether_they_are_met():
    text = markdown(results(share=0.5))

    assert "| claim | 1,000 | jobs/s | ±20% | 3 |" in text
    assert "| claim / raw | 0.50 | at least 1.00 | **no** |" in text
    assert "| pickup / raw | 4.00 |  |  |" in text


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12,346"), (99.94, "99.9"), (3.14159, "3.14"), (0.0, "0.00")])
def test_numbers_have_few_digits(value, text):
    assert number(value) == text


def test_a_ratio_is_of_medians_and_only_of_what_was_measured():
    figures = [Figure("ours", "jobs/s", "higher", (50.0, 40.0, 90.0)), Figure("raw", "jobs/s", "higher", (100.0,))]
    goals = [Goal("share", "ours", "raw", 0.4), Goal("missing", "ours", "other"), Goal("tens", "ours", None, scale=10)]

    assert ratios_of(figures, goals) == (Ratio("share", 0.5, "higher", 0.4), Ratio("tens", 5.0, "higher"))


def test_nothing_is_divided_by_zero():
    figures = [Figure("ours", "s", "lower", (1.0,)), Figure("raw", "s", "lower", (0.0,))]

    assert ratios_of(figures, [Goal("share", "ours", "raw")]) == ()


def test_every_ratio_has_a_name_of_its_own():
    names = [goal.name for goal in GOALS]

    assert len(set(names)) == len(names)
