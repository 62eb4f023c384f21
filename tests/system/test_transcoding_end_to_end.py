"""The encoders' API from a job's submission to its file: the service, the worker and ffmpeg, each a process."""

import json
import subprocess

import pytest

from tests.system.programs.processes import DEADLINE, ends, running
from tests.system.programs.serving import working
from tests.system.serving.real import real_service
from tests.system.serving.waiting import until
from tests.system.transcoding.conftest import make_clip

PROFILE = {"codec": "h265", "resolution": "160x120", "frame rate": "10", "preset": "ultrafast", "audio codec": "none"}


@pytest.fixture
def http(mongo_client, mongod_url):
    with real_service(mongo_client, mongod_url, LEGACY_LEASE_SECONDS="5") as client:
        yield client


@pytest.fixture
def folders(tmp_path):
    made = tmp_path / "in", tmp_path / "out"
    for folder in made:
        folder.mkdir()
    make_clip(made[0] / "clip.mp4", seconds=2, size="320x240")
    return made


@pytest.fixture
def worker(http, folders):
    options = ["--input-dir", str(folders[0]), "--output-dir", str(folders[1]), "--concurrency", "1", "--lease", "5"]
    with working(str(http.base_url), "transcoding", *options) as made:
        yield made


def add(http, **job):
    assert http.post("/api/job", json={"Name": "a clip", **job}).json()["msg"] == "Job has been added."


def listed(http):
    [job] = http.get("/api/getJobs").json()
    return job


def ended(http):
    job = listed(http)
    return job if job["status"] == "processed" else None


def test_a_clip_comes_out_as_its_profile_asks(http, folders, worker):
    http.post("/api/profile/small", json=PROFILE)
    add(http, Profile="small", Options={"input": "clip.mp4", "output": "small.mp4"})
    job = until(lambda: ended(http))
    assert job.keys() == {"id", "name", "status", "lastUpdate"}

    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", folders[1] / "small.mp4"]
    told = subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)
    [video] = json.loads(told.stdout)["streams"]
    assert (video["codec_name"], video["width"], video["height"]) == ("hevc", 160, 120)
    assert video["r_frame_rate"] == "10/1"
    [stored] = http.get("/jobs?kind=transcoding").json()
    assert stored["state"] == "completed"
    assert stored["result"]["output"] == "small.mp4"


def test_an_impossible_option_fails_the_job_with_the_encoder_s_reason(http, worker):
    add(http, Options={"input": "clip.mp4", "output": "small.webm", "codec": "h264"})
    job = until(lambda: ended(http))
    assert job["state"] == "failed"
    assert "Only VP8 or VP9 or AV1 video" in job["error"]


def test_a_deleted_job_stops_its_encoder(http, folders, worker):
    make_clip(folders[0] / "long.mp4", seconds=120, size="160x120")
    add(http, Options={"input": "long.mp4", "output": "long.webm", "codec": "av1", "resolution": "640x480"})
    [encoder] = until(lambda: running("ffmpeg", str(folders[1])))
    assert http.delete(f"/api/job/{listed(http)['id']}").status_code == 200
    assert ends(encoder)
    until(lambda: list(folders[1].iterdir()) == [])
    assert http.get("/api/getJobs").json() == []


def test_a_job_whose_client_died_without_a_word_goes_to_the_next_one(http, folders, worker):
    worker.kill()
    worker.wait()
    add(http, Options={"input": "clip.mp4", "output": "small.mp4"})
    first = http.get("/api/fetchJob").json()
    assert http.get("/api/fetchJob").status_code == 400
    again = until(lambda: (answer := http.get("/api/fetchJob")).status_code == 200 and answer.json())
    assert again == first
