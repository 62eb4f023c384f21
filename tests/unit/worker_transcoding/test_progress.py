from job_service.worker.transcoding.progress import Progress


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def heard(duration, *positions):
    percents: list[int] = []
    progress = Progress(duration, percents.append)
    for position in positions:
        progress.hear(f"out_time_us={position}")
    return percents


def test_percents_are_whole_told_once_and_never_fall():
    assert heard(4.0, 40_000, 80_000, 81_000, 2_000_000, 1_000_000, 2_000_000, 3_000_000) == [1, 2, 50, 75]


def test_the_last_percent_is_kept_for_the_end():
    assert heard(4.0, 4_000_000, 5_000_000) == [99]


def test_a_clip_without_a_length_has_no_percents():
    assert heard(None, 1_000_000) == []
    assert heard(0.0, 1_000_000) == []


def test_positions_that_are_no_numbers_are_passed_over():
    assert heard(4.0, "N/A", "-100", "", 2_000_000) == [50]


def test_only_a_later_position_counts_as_a_move():
    clock = Clock()
    progress = Progress(None, lambda _: None, clock)
    for moment, line in ((5, "out_time_us=10"), (9, "out_time_us=10"), (12, "frame=9"), (13, "progress=continue")):
        clock.now = moment
        progress.hear(line)
    clock.now = 20
    assert progress.seconds_without_move() == 15
