from datetime import UTC, datetime, timedelta

from job_service.lifecycle.ids import IdSource

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_ids_of_one_millisecond_keep_the_order_in_which_they_were_asked_for():
    source = IdSource()
    ids = [run[place] for run in (source.take(NOW, 2), source.take(NOW, 2), source.take(NOW, 2)) for place in range(2)]
    assert ids == sorted(set(ids))


def test_ids_of_a_later_millisecond_are_greater():
    source = IdSource()
    earlier = source.take(NOW, 1)[0]
    assert earlier < source.take(NOW + timedelta(milliseconds=1), 1)[0]


def test_ids_of_two_sources_differ():
    assert IdSource().take(NOW, 1)[0] != IdSource().take(NOW, 1)[0]
