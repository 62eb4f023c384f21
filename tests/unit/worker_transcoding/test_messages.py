import pytest

from job_service.worker.programs import Ended
from job_service.worker.transcoding.messages import Messages

FAILED = Ended(1, stopped=False)
KILLED = Ended(-9, stopped=False)


def problems_at(*lines):
    made = Messages({"/srv/in/clip.mp4": "clip.mp4"})
    for line in lines:
        made.hear(line)
    return made


def test_the_reason_is_what_ffmpeg_calls_errors_and_not_its_last_line():
    made = problems_at(
        "[info] Stream mapping:",
        "[webm @ 0x55d0] [error] Only VP8 or VP9 video is supported for WebM.",
        "[error] Error initializing output stream 0:0 -- ",
        "[info] Conversion failed!",
    )
    assert str(made.failure(FAILED)) == (
        "webm: Only VP8 or VP9 video is supported for WebM. Error initializing output stream 0:0"
    )


def test_the_log_names_no_path_and_no_address():
    made = problems_at("[mov @ 0xab12] [warning] odd: /srv/in/clip.mp4", "x265 [info]: HEVC encoder")
    assert made.log() == ["mov: odd: clip.mp4", "x265 [info]: HEVC encoder"]


def test_the_log_has_a_name_that_is_not_utf8_as_its_job_has_it():
    made = Messages({"/srv/in/caf\udce9.mp4": "caf\udce9.mp4"})
    made.hear("Input #0, mov, from 'file:/srv/in/caf\ufffd.mp4':")
    assert made.log() == ["Input #0, mov, from 'caf\uefe9.mp4':"]


def test_without_errors_the_last_line_is_the_reason():
    assert str(problems_at("first", "last", "  ").failure(FAILED)) == "last"


def test_silence_is_explained_by_how_it_ended():
    assert str(problems_at().failure(FAILED)) == "The encoder ended with exit status 1."
    assert str(problems_at("frame 7").failure(KILLED)) == "The encoder ended with signal 9."


@pytest.mark.parametrize(
    ("line", "ended", "passing"),
    [
        ("[error] av_interleaved_write_frame(): No space left on device", FAILED, True),
        ("[error] clip.mp4: Cannot allocate memory", FAILED, True),
        ("[info] frame", KILLED, True),
        ("[error] Unknown encoder", FAILED, False),
    ],
)
def test_trouble_of_the_machine_may_pass_and_trouble_of_the_job_does_not(line, ended, passing):
    assert problems_at(line).failure(ended).passing is passing


def test_only_the_last_lines_are_kept():
    assert problems_at(*(f"line {n}" for n in range(1000))).log() == [f"line {n}" for n in range(970, 1000)]
