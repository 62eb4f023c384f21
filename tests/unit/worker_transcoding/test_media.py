from pathlib import Path

import pytest

from job_service.worker.transcoding.encoder import part_of
from job_service.worker.transcoding.media import Media, ffmpeg_command, ffprobe_command
from job_service.worker.transcoding.options import Encoding

ENCODING = Encoding(Path("/in/-i.mp4"), Path("/out/new.mp4"), "mp4", ("-c:v", "libx264"))


@pytest.mark.parametrize(
    "command",
    [
        ffmpeg_command(Media(), ENCODING, Path("/out/.7.1.part")),
        ffprobe_command(Media(), ENCODING.source),
    ],
    ids=["ffmpeg", "ffprobe"],
)
def test_a_clip_opens_nothing_but_itself(command):
    before_input = command[: command.index("-i")]
    assert before_input[before_input.index("-protocol_whitelist") + 1] == "file"
    assert not {"concat", "hls", "image2", "sdp", "lavfi", "dash"} & set(
        before_input[before_input.index("-format_whitelist") + 1].split(",")
    )
    assert command[command.index("-i") + 1] == "file:/in/-i.mp4"


def test_the_container_is_always_said_and_the_result_is_the_last_argument():
    command = ffmpeg_command(Media(), ENCODING, Path("/out/.7.1.part"))
    assert command[-4:] == ["-f", "mp4", "-y", "file:/out/.7.1.part"]


@pytest.mark.parametrize("job_id", ["7", "../../etc/cron.d/x", "*", "a/b", ".."])
def test_a_part_stays_beside_its_result(job_id):
    part = part_of(ENCODING, job_id, "../claim")
    assert part.parent == ENCODING.target.parent
    assert "*" not in part.name


def test_two_claims_never_write_to_the_same_part():
    assert part_of(ENCODING, "7", "claim-one") != part_of(ENCODING, "7", "claim-two")
