import subprocess

import pytest

from job_service.worker.transcoding.folders import Folders
from tests.system.programs.processes import DEADLINE


def make_clip(path, *, seconds, size):
    picture = f"testsrc=duration={seconds}:size={size}:rate=25"
    sound = f"sine=duration={seconds}"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    subprocess.run([*command, "-pix_fmt", "yuv420p", "-preset", "ultrafast", path], check=True, timeout=DEADLINE)


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "clip.mp4", seconds=4, size="320x240")
    make_clip(folder / "long.mp4", seconds=120, size="160x120")
    (folder / "text.mp4").write_text("no clip at all")
    (folder / "list.mp4").write_text(f"ffconcat version 1.0\nfile {folder / 'clip.mp4'}\n")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://{folder / 'clip.mp4'}\n#EXT-X-ENDLIST\n"
    (folder / "playlist.m3u8").write_text(playlist)
    return folder


@pytest.fixture
def folders(clips, tmp_path):
    return Folders(clips, tmp_path / "out")
