"""What names no proxy ends the start with one sentence, however the service is started."""

import os
import subprocess
import sys

import pytest

from tests.system.instances import HOST, ROOT

CONFIG = ROOT / "job_service" / "command" / "gunicorn_config.py"
STARTS = {
    "serve": ["-m", "job_service", "serve", "--port", "0"],
    "gunicorn": ["-m", "gunicorn", "-c", str(CONFIG), "--workers=1", f"--bind={HOST}:0", "job_service.wsgi:app"],
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_it_ends_with_a_sentence_and_no_traceback(tmp_path, start):
    environment = {**os.environ, "TRUSTED_PROXIES": "nginx", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *start],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "Wrong setting: TRUSTED_PROXIES: must be addresses and networks" in done.stderr
    assert "'nginx' is neither" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
