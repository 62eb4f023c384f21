import dataclasses
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.worker.transcoding.errors import UnsafeOption
from job_service.worker.transcoding.folders import Folders
from job_service.worker.transcoding.options import parse_options


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("media")
    made = Folders(root / "in", root / "out")
    for folder in (made.input / "sub", made.output / "sub"):
        folder.mkdir(parents=True)
    (root / "secret.mp4").write_bytes(b"secret")
    (made.input / "clip.mp4").write_bytes(b"clip")
    (made.input / "2024-01-01 12:30.mp4").write_bytes(b"clip")
    (made.input / "sub" / "clip.mkv").write_bytes(b"clip")
    (made.input / "same.mp4").symlink_to("clip.mp4")
    (made.input / "escape.mp4").symlink_to(root / "secret.mp4")
    (made.input / "escape").symlink_to(root)
    (made.input / "loop.mp4").symlink_to("loop.mp4")
    (made.output / "escape").symlink_to(root)
    (made.output / "escape.mp4").symlink_to(root / "secret.mp4")
    (made.output / "folder.mp4").mkdir()
    os.mkfifo(made.input / "pipe.mp4")
    os.mkfifo(made.output / "pipe.mp4")
    return made


def parsed(folders, **options):
    """Parse options of a result whose container minds no size, so that there are no other arguments than theirs."""
    return parse_options({"input": "clip.mp4", "output": "result.avi", **options}, folders)


def refusal(folders, options):
    with pytest.raises(UnsafeOption) as caught:
        parse_options({"input": "clip.mp4", "output": "result.mp4", **options}, folders)
    return str(caught.value)


def test_a_whole_job_becomes_an_argument_vector(folders):
    encoding = parse_options(
        {
            "Input": "sub/clip.mkv",
            "Output": "sub/new.webm",
            "Codec": "VP9",
            "Bitrate": "1.5M",
            "Resolution": "1280x720",
            "Frame Rate": "30000/1001",
            "Container": "webm",
            "Audio Codec": "opus",
            "Audio Bitrate": "96k",
        },
        folders,
    )

    assert encoding.source == folders.input / "sub" / "clip.mkv"
    assert encoding.target == folders.output / "sub" / "new.webm"
    assert encoding.muxer == "webm"
    assert encoding.arguments == (
        *("-c:v", "libvpx-vp9"),
        *("-vf", "scale=1280:720"),
        *("-b:v", "1.5M"),
        *("-r", "30000/1001"),
        *("-c:a", "libopus"),
        *("-b:a", "96k"),
    )


@pytest.mark.parametrize("key", ["frame rate", "Frame Rate", "frame_rate", "FRAME-RATE", "frameRate", "fps", " FPS "])
def test_a_key_may_be_spelled_as_clients_do(folders, key):
    assert parsed(folders, **{key: "25"}).arguments == ("-r", "25")


@pytest.mark.parametrize(
    ("key", "value", "arguments"),
    [
        ("codec", "ffv1", ("-c:v", "ffv1")),
        ("vcodec", "VP9", ("-c:v", "libvpx-vp9")),
        ("codec", "none", ("-vn",)),
        ("audio codec", "mp3", ("-c:a", "libmp3lame")),
        ("acodec", "None", ("-an",)),
        ("bitrate", 800000, ("-b:v", "800000")),
        ("bitrate", 800000.0, ("-b:v", "800000.0")),
        ("bitrate", "1k", ("-b:v", "1k")),
        ("audio bitrate", "128k", ("-b:a", "128k")),
        ("resolution", "640X360", ("-vf", "scale=640:360")),
        ("size", "720p", ("-vf", "scale=max(2\\,2*round(720*iw/ih/2)):720")),
        ("frame rate", 29.97, ("-r", "29.97")),
        ("frame rate", 25.0, ("-r", "25.0")),
        ("frame rate", 30000 / 1001, ("-r", "29.97002997002997")),
        ("preset", "VerySlow", ("-preset", "veryslow")),
    ],
)
def test_each_option_becomes_its_arguments(folders, key, value, arguments):
    assert parsed(folders, **{key: value}).arguments == arguments


@pytest.mark.parametrize(
    ("output", "container", "muxer"),
    [("a.mkv", None, "matroska"), ("a.MP4", None, "mp4"), ("a.bin", "mpegts", "mpegts"), ("noending", "mov", "mov")],
)
def test_the_container_is_the_one_named_else_the_one_of_the_ending(folders, output, container, muxer):
    options = {"output": output} | ({"container": container} if container else {})
    assert parsed(folders, **options).muxer == muxer


@pytest.mark.parametrize("name", ["clip.mp4", "sub/clip.mkv", "./clip.mp4", "same.mp4", "2024-01-01 12:30.mp4"])
def test_an_input_inside_its_folder_is_found(folders, name):
    assert parsed(folders, input=name).source.is_relative_to(folders.input)


OUTSIDE = [
    "",
    " \n",
    "/etc/passwd",
    "//etc/passwd",
    "../secret.mp4",
    "sub/../../secret.mp4",
    "sub/../clip.mp4",
    "..",
    ".",
    "./",
    "http://127.0.0.1/clip.mp4",
    "https:clip.mp4",
    "HTTP:clip.mp4",
    "ftp://host/clip.mp4",
    "file:clip.mp4",
    "file:///etc/passwd",
    "concat:clip.mp4|../secret.mp4",
    "concatf:list.mp4",
    "subfile,,start,0,end,9,,:clip.mp4",
    "pipe:",
    "pipe:0",
    "fd:0",
    "data:text/plain,x",
    "crypto:clip.mp4",
    "crypto+http:clip.mp4",
    "cache:clip.mp4",
    "async:clip.mp4",
    "tee:clip.mp4",
    "md5:clip.mp4",
    "rtmp://host/x",
    "srt://host:1",
    "tcp://127.0.0.1:1",
    "udp:x",
    "unix:/run/x.sock",
    "sftp://host/x",
    "smb://host/x",
    "lavfi:testsrc",
    "clip.mp4\x00.txt",
    "clip\n.mp4",
    "clip\r.mp4",
    "clip\x1b[31m.mp4",
    "clip\ud800.mp4",
    "clip\udcff.mp4",
    "x" * 256 + ".mp4",
    "é" * 128 + ".mp4",
    "x/" * 2048 + "clip.mp4",
    "clip\x85.mp4",
    "clip\x7f.mp4",
    "clip\t.mp4",
    "escape.mp4",
    "escape/secret.mp4",
    "escape/new.mp4",
    "pipe.mp4",
]


@pytest.mark.parametrize("name", OUTSIDE, ids=lambda name: ascii(name)[:40])
@pytest.mark.parametrize("option", ["input", "output"])
def test_no_name_leaves_its_folder(folders, option, name):
    message = refusal(folders, {option: name, "container": "mp4"})

    assert message.startswith((f"The {option} ", f"The option '{option}' "))
    assert str(folders.input.parent) not in message


ODD_NAMES = [
    "Screen Recording 2024-05-01 at 9.41.00\u202fAM.mov",
    "映像\u3000第1話.mp4",
    "Urlaub\xa0\xad2024.mp4",
    "clip\u202e\u200b\u2028\ufeff.mp4",
    "cafe\u0301.mp4",
    "👩\u200d👩\u200d👧.mp4",
    "\ue000\U0010ffff.mp4",
    " clip .mp4",
    "clip.mp4 ",
    "-clip.mp4",
    "-i",
    "--help",
    "sub/-y.mp4",
    "~clip.mp4",
    "~root/clip.mp4",
    "a%d%03d.mp4",
    "a*?[b]{c}'\"`$(id);|&<>#!.mp4",
    "up\\..\\clip.mp4",
    "C:\\clip.mp4",
    "9:41.mp4",
    "Movie: the sequel.mp4",
    "clip..mp4",
    "x" * 251 + ".mp4",
    "é" * 125 + ".mp4",
    "/".join(["y" * 250] * 6) + "/clip.mp4",
]
HIDDEN = [".clip.mp4", "...mp4", "sub/.clip.mp4", ".sub/clip.mp4"]


@pytest.mark.parametrize("name", ODD_NAMES + HIDDEN, ids=lambda name: ascii(name)[:40])
def test_an_input_may_have_any_name_without_a_control_character(folders, name):
    path = folders.input / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"clip")
    assert parsed(folders, input=name).source == path


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: ascii(name)[:40])
def test_an_output_may_have_any_name_without_a_control_character(folders, name):
    assert parsed(folders, output=name, container="mp4").target == folders.output / name


@pytest.mark.parametrize("name", HIDDEN)
def test_an_output_may_not_look_like_work_under_way(folders, name):
    assert "work under way" in refusal(folders, {"output": name, "container": "mp4"})


@pytest.mark.parametrize("name", ["nothing.mp4", "sub", "loop.mp4", "clip.mp4/x.mp4"])
def test_an_input_has_to_be_a_file(folders, name):
    assert refusal(folders, {"input": name}).startswith("The input ")


def test_an_output_that_is_a_folder_is_refused(folders):
    assert refusal(folders, {"output": "folder.mp4"}).startswith("The output ")


def test_the_output_may_not_be_the_input(folders):
    one = dataclasses.replace(folders, output=folders.input)
    assert refusal(one, {"output": "same.mp4"}) == "The output is the input."


UNKNOWN = [
    "",
    "-",
    "filter",
    "vf",
    "af",
    "filter_complex",
    "-vf",
    "i",
    "-i",
    "f",
    "y",
    "codec:v",
    "c:v",
    "map",
    "metadata",
    "attach",
    "dump_attachment",
    "init_hw_device",
    "progress",
    "report",
    "passlogfile",
    "protocol_whitelist",
    "codec; rm -rf /",
    "$(id)",
    "codec\x00",
    "code\u0441",
    "__proto__",
    "x" * 5000,
]


@pytest.mark.parametrize("key", UNKNOWN, ids=lambda key: ascii(key)[:40])
def test_an_unknown_option_is_refused_by_name(folders, key):
    message = refusal(folders, {key: "1"})

    assert message == f"The option {key[:80]!r} is not known to this worker."


INJECTIONS = [
    "",
    " ",
    "-1",
    "-y",
    "-i /etc/passwd",
    "1 -i /etc/passwd",
    "1;id",
    "1|id",
    "1&id",
    "`id`",
    "$(id)",
    "1\n",
    "1\x00",
    "\u0661",
    "1,movie=/etc/passwd",
    "nan",
    "inf",
    "1e3",
    "0x10",
    "0",
    "1" * 5000,
    "http://127.0.0.1/",
    "file:/etc/passwd",
    "../x",
    "null",
]


@pytest.mark.parametrize("value", INJECTIONS, ids=lambda value: ascii(value)[:40])
@pytest.mark.parametrize(
    "key",
    ["codec", "audio codec", "bitrate", "audio bitrate", "resolution", "frame rate", "container", "preset"],
)
def test_a_value_has_to_fit_its_option_whole(folders, key, value):
    assert f"he {key}" in refusal(folders, {key: value}).replace("option '", "")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("codec", "rawvideo"),
        ("codec", "libx264rgb,null"),
        ("codec", "h264 -preset slow"),
        ("codec", "aac"),
        ("audio codec", "h264"),
        ("bitrate", "1G"),
        ("bitrate", "1kk"),
        ("bitrate", "0800k"),
        ("bitrate", "1.2345k"),
        ("bitrate", "9999999999"),
        ("resolution", "0x0"),
        ("resolution", "0x720"),
        ("resolution", "1280x"),
        ("resolution", "1280x-2"),
        ("resolution", "1280:720"),
        ("resolution", "1280x720,scale"),
        ("resolution", "99999x99999"),
        ("resolution", "16385x16"),
        ("resolution", "iw/2xih/2"),
        ("resolution", "p"),
        ("resolution", "99999p"),
        ("frame rate", "1001"),
        ("frame rate", "25/0"),
        ("frame rate", "0/1"),
        ("frame rate", "0.0"),
        ("frame rate", "25/1/1"),
        ("frame rate", "ntsc"),
        ("frame rate", "25."),
        ("container", "hls"),
        ("container", "m3u8"),
        ("container", "dash"),
        ("container", "tee"),
        ("container", "segment"),
        ("container", "image2"),
        ("container", "concat"),
        ("container", "rtsp"),
        ("container", "mp4,mov"),
        ("preset", "fast:crf=0"),
        ("preset", "/etc/passwd"),
        ("output", "a.m3u8"),
        ("output", "a.mpd"),
        ("output", "a.png"),
        ("output", "a%03d.jpg"),
        ("output", "a.sdp"),
        ("output", "a.txt"),
        ("output", "a"),
    ],
)
def test_what_is_not_on_the_list_is_refused(folders, key, value):
    assert refusal(folders, {key: value})


@pytest.mark.parametrize("value", [None, True, False, [], ["h264"], {}, {"a": 1}, b"h264", math.nan, math.inf, 10**40])
def test_a_value_is_a_text_or_a_number(folders, value):
    assert "bitrate" in refusal(folders, {"bitrate": value})


@pytest.mark.parametrize("value", [1, 1.0, 2.5, 800, "999.999", "128"])
@pytest.mark.parametrize("key", ["bitrate", "audio bitrate"])
def test_a_bitrate_of_a_few_bits_is_refused_as_one_that_lacks_its_unit(folders, key, value):
    assert refusal(folders, {key: value}) == (
        f"The {key} {str(value)!r} is less than 1000 bits a second; is a k for thousands or an M for millions missing?"
    )


def test_an_option_in_two_spellings_is_refused(folders):
    assert refusal(folders, {"fps": "25", "frame_rate": "30"}) == (
        "The option 'frame_rate' is there twice, in two spellings."
    )


@pytest.mark.parametrize("missing", ["input", "output"])
def test_input_and_output_are_needed(folders, missing):
    options = {"input": "clip.mp4", "output": "result.mp4"}
    del options[missing]
    with pytest.raises(UnsafeOption, match=f"^The option '{missing}' is missing.$"):
        parse_options(options, folders)


def test_everything_that_is_wrong_is_said_at_once(folders):
    message = refusal(folders, {"input": "../x", "codec": "nope", "bitrate": "-1"})
    assert all(f"The {each}" in message for each in ("input", "codec", "bitrate"))


@given(
    key=st.sampled_from(["codec", "bitrate", "resolution", "frame rate", "preset", "audio codec", "audio bitrate"]),
    value=st.text() | st.integers() | st.floats(),
)
def test_nothing_but_arguments_of_the_list_comes_out(folders, key, value):
    try:
        encoding = parsed(folders, **{key: value})
    except UnsafeOption:
        return
    flags = {"-c:v", "-vn", "-c:a", "-an", "-b:v", "-b:a", "-vf", "-r", "-preset"}
    flag, *rest = encoding.arguments
    assert flag in flags
    assert all(each in flags or (each and not each.startswith("-") and each.isascii()) for each in rest)


@given(name=st.text())
def test_no_text_at_all_leads_out_of_the_folders(folders, name):
    try:
        encoding = parsed(folders, output=name, container="mp4")
    except UnsafeOption:
        return
    assert encoding.target.is_relative_to(folders.output)
    assert encoding.target != folders.output
