import pytest
from click.testing import CliRunner

from job_service.command.worker import worker


def refused(*arguments):
    result = CliRunner().invoke(worker, arguments)
    assert result.exit_code == 2
    return result.output


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("", "there is no program in it"),
        ("'", "No closing quotation"),
        ("no-such-program -x", "There is no program 'no-such-program' here"),
        ("/etc/passwd", "There is no program '/etc/passwd' here"),
    ],
)
def test_a_program_that_cannot_run_is_refused_before_any_job_is_taken(command, reason):
    assert reason in refused("conversions", "--source", "sirius", "--exec", command)


@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe"])
def test_a_machine_without_an_encoder_takes_no_job(tmp_path, monkeypatch, program):
    for present in {"ffmpeg", "ffprobe"} - {program}:
        (tmp_path / present).write_text("#!/bin/sh\n")
        (tmp_path / present).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    output = refused("transcoding", "--input-dir", str(tmp_path), "--output-dir", str(tmp_path))
    assert f"There is no program '{program}' here" in output


def test_the_folders_of_clips_have_to_be_there(tmp_path):
    output = refused("transcoding", "--input-dir", str(tmp_path), "--output-dir", str(tmp_path / "none"))
    assert "does not exist" in output
