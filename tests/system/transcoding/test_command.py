import json
import subprocess

import pytest

from tests.system.programs.processes import DEADLINE, ends, running
from tests.system.programs.serving import Boss, serving, working

LONG = {"input": "long.mp4", "output": "long.webm", "codec": "av1", "audio codec": "none", "resolution": "320x240"}


@pytest.fixture
def boss():
    return Boss(next_heartbeat_seconds=0.1)


@pytest.fixture
def worker(boss, folders):
    folders.output.mkdir()
    options = ["--input-dir", folders.input, "--output-dir", folders.output, "--concurrency", "1", "--grace", "0.1"]
    with serving(boss) as url, working(url, "transcoding", *map(str, options)) as made:
        yield made


def begun(boss, held):
    """Wait until an encoder has told how far it is."""
    boss.wait_until(lambda: any("progress" in each for each in held.said))


def test_a_clip_goes_in_and_comes_out_as_asked_for(boss, folders, worker):
    options = {"Input": "clip.mp4", "Output": "small.mp4", "Codec": "h265", "Resolution": "160x120"}
    held = boss.add("transcoding", name="a clip", options=options)
    boss.wait_for(held)

    assert held.end["status"] == "completed"
    assert held.end["result"]["output"] == "small.mp4"
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_streams", "-of", "json"]
    told = subprocess.run([*command, folders.output / "small.mp4"], check=True, capture_output=True, timeout=DEADLINE)
    [video] = json.loads(told.stdout)["streams"]
    assert (video["codec_name"], video["width"], video["height"]) == ("hevc", 160, 120)


def test_an_impossible_option_fails_the_job_with_the_encoder_s_reason(boss, worker):
    options = {"Input": "clip.mp4", "Output": "small.webm", "Codec": "h264"}
    held = boss.add("transcoding", name="a clip", options=options)
    boss.wait_for(held)
    assert (held.end["status"], held.end["retry"]) == ("failed", False)
    assert "Only VP8 or VP9 or AV1 video" in held.end["log"]


def test_a_cancelled_job_stops_its_encoder_and_leaves_no_file(boss, folders, worker):
    held = boss.add("transcoding", name="long", options=LONG)
    begun(boss, held)
    [encoder] = running("ffmpeg", str(folders.output))
    boss.cancel(held)
    boss.wait_for(held)
    assert held.end["status"] == "cancelled"
    assert ends(encoder)
    assert list(folders.output.iterdir()) == []


def test_a_worker_that_is_told_to_stop_gives_its_job_back(boss, folders, worker):
    held = boss.add("transcoding", name="long", options=LONG)
    begun(boss, held)
    [encoder] = running("ffmpeg", str(folders.output))
    worker.terminate()
    assert worker.wait(DEADLINE) == 0
    assert held.state == "given-back"
    assert ends(encoder)
    assert not (folders.output / "long.webm").exists()


def test_a_worker_killed_leaves_no_encoder(boss, folders, worker):
    held = boss.add("transcoding", name="long", options=LONG)
    begun(boss, held)
    [encoder] = running("ffmpeg", str(folders.output))
    worker.kill()
    assert ends(encoder)
    assert held.state == "running"
    assert not (folders.output / "long.webm").exists()
