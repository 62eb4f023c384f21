import re
from pathlib import Path

from job_service.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text()
OF_THE_SERVICE, OF_OTHERS = PAGE.split("\nThe command, the workers and the image")


def named(page):
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return set(re.findall(r"`([A-Z_]+)`", " ".join(rows)))


def test_the_page_of_settings_names_each_and_no_other():
    assert named(OF_THE_SERVICE) == {name.upper() for name in Settings.model_fields}


def test_it_names_what_the_command_and_the_image_read_beside_them():
    command = " ".join(path.read_text() for path in (ROOT / "job_service" / "command").glob("*.py"))
    image = (ROOT / "docker" / "gunicorn.conf.py").read_text()
    read = re.findall(r'envvar="([A-Z_]+)"', command) + re.findall(r"environ\.get\(['\"]([A-Z_]+)", image)
    assert named(OF_OTHERS) == set(read) - named(OF_THE_SERVICE)
