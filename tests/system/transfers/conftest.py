import tempfile
from pathlib import Path

import pytest

from job_service.worker.transfers import Connections
from job_service.worker.transfers.site import FileSite, GridFtpSite
from tests.system.transfers.servers import gridftp_server, sshd


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(scope="session")
def gridftp():
    # Not below pytest's own folder, into which nobody but its owner can go.
    with tempfile.TemporaryDirectory(prefix="gridftp-") as folder:
        Path(folder).chmod(0o755)
        root = Path(folder, "root")
        root.mkdir()
        with gridftp_server(root) as port:
            yield GridFtpSite(30, str(root), "127.0.0.1", port=port, anonymous=True)


@pytest.fixture
def connections():
    with Connections() as made:
        yield made


@pytest.fixture
def roots(tmp_path):
    """Two folders that can be the roots of sites, beside a file that nobody may reach."""
    for name in ("one", "other", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "victim").write_text("untouched")
    return tmp_path


@pytest.fixture
def site_at(server):
    """Make a site of either kind on a folder of this machine."""

    def make(protocol, number, root, **settings):
        if protocol == "FILE":
            return FileSite(number, str(root), **settings)
        return server.site(number, root, **settings)

    return make
