from job_service.embedded.kept import Restarts


def pauses(restarts, count, *, by_itself=False):
    return [restarts.pause(1.0, by_itself=by_itself) for _ in range(count)]


def test_what_ends_is_started_again_at_once_and_then_after_longer_and_longer_pauses():
    assert pauses(Restarts(longest=3.0), 6) == [0.0, 0.5, 1.0, 2.0, 3.0, 3.0]


def test_a_steady_run_makes_the_next_end_a_first_one():
    restarts = Restarts(longest=30.0, steady=60.0)
    pauses(restarts, 4)
    assert restarts.pause(60.0, by_itself=False) == 0.0


def test_what_fails_by_itself_too_often_in_a_row_is_given_up():
    assert pauses(Restarts(longest=2.0, failures=3), 3, by_itself=True) == [0.0, 0.5, None]


def test_what_is_killed_by_others_is_never_given_up():
    assert None not in pauses(Restarts(longest=2.0, failures=3), 50)


def test_failures_before_a_steady_run_do_not_count():
    restarts = Restarts(longest=2.0, failures=3, steady=60.0)
    pauses(restarts, 2, by_itself=True)
    assert restarts.pause(61.0, by_itself=True) == 0.0
