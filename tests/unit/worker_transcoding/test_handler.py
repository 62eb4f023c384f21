import pytest

from job_service.worker.ending import Finish
from job_service.worker.transcoding.encoder import Encoder
from job_service.worker.transcoding.folders import Folders
from job_service.worker.transcoding.handler import handler
from job_service.worker.transcoding.media import Media
from tests.system.programs.told import ToldJob

NOTHING_TO_RUN = Encoder(Media(ffmpeg="/nonexistent", ffprobe="/nonexistent"))


@pytest.mark.parametrize(
    "parameters",
    [
        {"options": {"input": "../x.mp4", "output": "y.mp4"}},
        {"options": {"input": "x.mp4", "output": "y.mp4", "vf": "movie=/etc/passwd"}},
        {"options": {}},
        {"options": None},
        {},
    ],
    ids=str,
)
def test_a_refused_option_fails_the_job_for_good_with_its_sentence(tmp_path, parameters):
    job = ToldJob("transcoding", parameters)
    ending = job.ends_with(handler(Folders(tmp_path, tmp_path), NOTHING_TO_RUN))
    assert isinstance(ending, Finish)
    assert (ending.status, ending.retry) == ("failed", False)
    assert ending.log is not None
    assert ending.log.startswith("The ")
    assert str(tmp_path) not in ending.log


def test_trouble_with_the_worker_s_own_folders_is_tried_again_and_names_no_path(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "clip.mp4").write_bytes(b"clip")
    (tmp_path / "out").write_text("no folder")
    job = ToldJob("transcoding", {"options": {"input": "clip.mp4", "output": "sub/y.mp4"}})
    silent = Encoder(Media(ffprobe="true"))
    ending = job.ends_with(handler(Folders(tmp_path / "in", tmp_path / "out"), silent))
    assert ending == Finish("failed", log="The worker cannot use its folders or programs: Not a directory", retry=True)
