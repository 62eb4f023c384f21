import pytest

from job_service.worker.transcoding.ends import what_is_missing

LAST, NOT_LAST = 4, 0


@pytest.fixture
def missing(tmp_path):
    def of(content):
        (tmp_path / "clip").write_bytes(content)
        return what_is_missing(tmp_path / "clip")

    return of


def riff(told, there, form=b"WAVE"):
    return (b"RIFF" + told.to_bytes(4, "little") + form).ljust(there, b"x")


def page(flags, *lengths):
    return b"OggS\0" + bytes([flags]) + bytes(20) + bytes([len(lengths), *lengths]) + b"x" * sum(lengths)


@pytest.mark.parametrize("form", [b"WAVE", b"AVI "])
def test_a_riff_file_has_the_bytes_that_its_header_tells(missing, form):
    assert missing(riff(992, 1000, form)) is None
    assert missing(riff(992, 5000, form)) is None
    assert missing(riff(992, 600, form)) == "600 of 1000 bytes are there"


@pytest.mark.parametrize("told", [1000, 1001], ids=["its first eight bytes too", "the byte that makes it even too"])
def test_a_writer_that_counts_a_little_more_made_a_whole_file(missing, told):
    assert missing(riff(told, 1000)) is None


@pytest.mark.parametrize("told", [0, 2**32 - 1, 0x7FFFF024, 0x80000024, 2**31 - 1])
def test_a_size_that_its_writer_did_not_know_tells_nothing(missing, told):
    assert missing(riff(told, 1000)) is None


def test_the_long_form_has_its_size_elsewhere(missing):
    header = b"RF64\xff\xff\xff\xffWAVEds64" + (28).to_bytes(4, "little")
    assert missing((header + (992).to_bytes(8, "little")).ljust(1000)) is None
    assert missing((header + (2**33).to_bytes(8, "little")).ljust(1000)) == f"1000 of {2**33 + 8} bytes are there"


def test_aiff_counts_the_other_way_round(missing):
    assert missing((b"FORM\0\0\x03\xe0AIFF").ljust(1000)) is None
    assert missing((b"FORM\0\0\x03\xe0AIFC").ljust(600)) == "600 of 1000 bytes are there"


def test_the_last_page_of_ogg_says_so_and_is_whole(missing):
    whole = page(2, 30) + page(NOT_LAST, 255, 255, 10) * 200 + page(LAST, 255, 40)
    assert missing(whole) is None
    assert missing(whole + b"a tag that others put behind it") is None
    for cut in (1, 290, 296, 321, 322, 323, 1000, len(whole) - 6):
        assert missing(whole[:-cut]) == "its last page is missing"


@pytest.mark.parametrize("content", [b"R", b"RIFF", b"RIFF\xff\0\0\0WEBP", b"\0\0\0\x20ftypmp42", b"\x47" * 188])
def test_other_containers_are_ffmpeg_s_business(missing, content):
    assert missing(content) is None


def test_an_empty_file_is_no_clip_yet(missing):
    assert missing(b"") == "it is empty"
