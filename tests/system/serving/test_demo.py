"""`job-service demo` on a machine that is set up otherwise than ours."""

import subprocess
import sys
from pathlib import Path

ODD_MACHINE = {
    "HTTP_PROXY": "http://127.0.0.1:1",
    "https_proxy": "no-proxy-at-all:x",
    "ALL_PROXY": "ftp://127.0.0.1:1",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "Pacific/Kiritimati",
}


def test_the_demo_shows_jobs_to_their_end_whatever_the_proxies_the_locale_and_the_home_of_a_machine(tmp_path):
    environment = {**ODD_MACHINE, "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "job_service", "demo"],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("completed") >= 3
    assert "NO_METADATA" in ended.stdout
    assert list(tmp_path.iterdir()) == []
