import dataclasses
import os
import shutil
import subprocess
import time

import pytest

from job_service.worker.ending import Finish, GiveBack
from job_service.worker.transcoding.encoder import Encoder
from job_service.worker.transcoding.handler import handler
from job_service.worker.transcoding.media import Media
from tests.system.programs.processes import DEADLINE
from tests.system.programs.told import ToldJob

SOUND = {"Input": "clip.wav", "Output": "sound.mp3", "Codec": "none"}
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


def test_a_clip_whose_name_is_not_utf8_goes_by_the_name_that_transfers_give_it(folders, clips, tmp_path):
    shutil.copy(clips / "clip.mp4", os.fsencode(tmp_path) + b"/caf\xe9.mp4")
    working = handler(dataclasses.replace(folders, input=tmp_path), Encoder(Media()))
    job = transcoding(SMALL | {"Input": "caf\uefe9.mp4"})
    ending = job.ends_with(working)
    assert isinstance(ending, Finish)
    assert ending.status == "completed"


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


@pytest.fixture
def upload(folders, tmp_path):
    """Give a function that writes so much of a clip, so many seconds ago, and the folders with it alone."""
    sound = ["-f", "lavfi", "-i", "sine=d=4", tmp_path / "whole.wav"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *sound], check=True, timeout=DEADLINE)
    whole = (tmp_path / "whole.wav").read_bytes()
    here = dataclasses.replace(folders, input=tmp_path)

    def write(part, age, content=whole):
        clip = tmp_path / "clip.wav"
        clip.write_bytes(content[: int(len(content) * part)])
        os.utime(clip, (time.time() - age,) * 2)
        return here

    return write


@pytest.mark.parametrize("part", [0, 0.0001, 0.6])
def test_an_upload_under_way_costs_no_try_until_nothing_has_come_for_a_while(upload, part):
    working = handler(upload(part, age=500), Encoder(Media()))
    ending = transcoding(SOUND).ends_with(working)
    assert isinstance(ending, GiveBack)
    assert ending.delay == 30
    upload(part, age=601)
    assert isinstance(transcoding(SOUND).ends_with(working), Finish)
    upload(1, age=0)
    ending = transcoding(SOUND).ends_with(working)
    assert isinstance(ending, Finish)
    assert ending.status == "completed"


def test_what_is_no_clip_is_no_upload_under_way_once_nothing_comes_any_more(upload):
    working = handler(upload(1, age=0, content=b"no clip at all"), Encoder(Media()))
    assert isinstance(transcoding(SOUND).ends_with(working), GiveBack)
    upload(1, age=601, content=b"no clip at all")
    ending = transcoding(SOUND).ends_with(working)
    assert isinstance(ending, Finish)
    assert (ending.status, ending.retry) == ("failed", False)


def test_what_no_end_could_make_a_clip_fails_at_once(folders):
    ending = transcoding(SMALL | {"Input": "list.mp4"}).ends_with(handler(folders, Encoder(Media())))
    assert isinstance(ending, Finish)
    assert (ending.status, ending.retry) == ("failed", False)


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
