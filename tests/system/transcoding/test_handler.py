import pytest

from job_service.worker.ending import Finish
from job_service.worker.transcoding.encoder import Encoder
from job_service.worker.transcoding.handler import handler
from job_service.worker.transcoding.media import Media
from tests.system.programs.told import ToldJob

SMALL = {"Input": "clip.mp4", "Output": "small.mp4", "Codec": "h264", "Resolution": "160x120"}


def transcoding(options, **how):
    return ToldJob("transcoding", {"name": "a clip", "options": options}, **how)


def test_a_job_ends_with_its_result_and_the_encoder_s_last_lines(folders):
    job = transcoding(SMALL)
    ending = job.ends_with(handler(folders, Encoder(Media())))
    size = (folders.output / "small.mp4").stat().st_size
    assert ending == Finish("completed", result={"output": "small.mp4", "bytes": size})
    [log] = job.told
    assert "libx264" in log
    assert {change.progress for change in job.changes if change.progress} <= set(range(1, 100))


def test_an_impossible_option_fails_the_job_for_good_with_the_encoder_s_reason(folders):
    job = transcoding(SMALL | {"Container": "webm"})
    ending = job.ends_with(handler(folders, Encoder(Media())))
    assert isinstance(ending, Finish)
    assert (ending.status, ending.retry) == ("failed", False)
    assert ending.log is not None
    assert "Only VP8 or VP9 or AV1 video" in ending.log
    assert "Stream mapping" in job.told[0]


def test_an_encoder_that_hangs_fails_this_attempt_alone(folders):
    ending = transcoding(SMALL).ends_with(handler(folders, Encoder(Media(), stall_seconds=0)))
    assert ending == Finish("failed", log="The encoder made no progress for 0 seconds.", retry=True)


@pytest.mark.parametrize("lost", [False, True], ids=["cancelled", "lost"])
def test_a_job_that_is_not_wanted_any_more_leaves_no_file(folders, lost):
    job = transcoding(SMALL)
    if lost:
        job.lose()
    else:
        job.cancelled.set()
    ending = job.ends_with(handler(folders, Encoder(Media())))
    assert type(ending).__name__ == ("Drop" if lost else "Finish")
    assert not folders.output.exists()
