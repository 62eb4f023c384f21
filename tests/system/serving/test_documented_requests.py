"""The requests that the pages of the APIs show, sent as they stand there to a service as it runs."""

import io
import re
import shutil
import subprocess
import tarfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.system.programs.serving import working
from tests.system.serving.real import real_service

API = Path(__file__).parents[3] / "docs" / "api"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
#: Says which request was refused; everything else that curl says is of no interest.
REFUSED = 'curl() { command curl --silent --fail-with-body --noproxy "*" "$@" || echo "refused: $*" >&2; }\n'


@pytest.mark.parametrize("page", sorted(page.stem for page in API.glob("*.md")))
def test_every_request_of_a_page_is_answered(page, mongo_client, mongod_url, tmp_path):
    with tarfile.open(tmp_path / "INCOME.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("INCOME.json"), io.BytesIO())
    with real_service(mongo_client, mongod_url, INPUT_DIR=str(tmp_path)) as http:
        url = str(http.base_url).rstrip("/")
        commands = "".join(block for block in BLOCK.findall((API / f"{page}.md").read_text()) if "curl" in block)
        assert "curl" in commands
        with working(url, "code") if page == "code" else nullcontext():
            done = run(REFUSED + commands.replace("http://127.0.0.1:8000", url), tmp_path)
    assert done.returncode == 0
    assert not re.findall("^refused: .*$", done.stderr, re.MULTILINE), done.stdout


def run(commands, folder):
    shell = shutil.which("bash")
    assert shell
    return subprocess.run([shell, "-c", commands], cwd=folder, capture_output=True, text=True, timeout=100, check=False)
