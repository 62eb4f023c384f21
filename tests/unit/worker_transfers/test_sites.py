from pathlib import Path

import pytest

from job_service.worker.transfers import SitesInvalid, TransferError, load_sites, with_credentials
from job_service.worker.transfers.site import DummySite, FileSite, GridFtpSite, SshSite


@pytest.fixture
def load(tmp_path):
    """Read a text as a file of sites, in a folder that has a file `key` and a folder `data`."""
    (tmp_path / "key").touch()
    (tmp_path / "data").mkdir()

    def read(text):
        (tmp_path / "sites.toml").write_text(text.replace("HERE", str(tmp_path)), encoding="utf-8")
        return load_sites(tmp_path / "sites.toml")

    return read


def test_each_protocol_can_be_written_down(load, tmp_path):
    sites = load("""
        [sites.1]
        protocol = "FILE"
        root = "HERE/data"
        [sites.12]
        protocol = "SSH"
        root = "/srv"
        host = "files.example.org"
        user = "transfers"
        port = 2222
        key_file = "HERE/key"
        known_hosts = "HERE/key"
        verify = "checksum"
        [sites.3]
        protocol = "GRIDFTP"
        root = "/"
        host = "gridftp.example.org"
        anonymous = true
        [sites.4]
        protocol = "DUMMY"
        files = 3
    """)
    key = str(tmp_path / "key")
    assert sites == {
        1: FileSite(1, str(tmp_path / "data")),
        12: SshSite(12, "/srv", "files.example.org", "transfers", 2222, key, "", key, "checksum"),
        3: GridFtpSite(3, "/", "gridftp.example.org", anonymous=True),
        4: DummySite(4, files=3),
    }


SSH = 'protocol = "SSH"\nroot = "/"\nhost = "h"\nuser = "u"\nknown_hosts = "HERE/key"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file has no site"),
        ("sites = 3", "The file has no site"),
        ("[sites", "is not TOML"),
        ("[site.1]", "'site' means nothing here"),
        ("[sites.one]", r"\[sites.one\]: the number of a site is a whole number"),
        ("[sites.01]", "the number of a site is a whole number"),
        ("[sites]\n1 = 2", r"\[sites.1\]: this is a table"),
        ("[sites.1]", "the protocol is one of DUMMY, FILE, GRIDFTP, SSH"),
        ("[sites.1]\nprotocol = 1", "the protocol is one of"),
        ('[sites.1]\nprotocol = "FILE"', "a FILE site needs root"),
        ('[sites.1]\nprotocol = "FILE"\nroot = "data"', "the root is an absolute path"),
        ('[sites.1]\nprotocol = "FILE"\nroot = "/a/../b"', r"the root is an absolute path without '\.\.'"),
        ('[sites.1]\nprotocol = "FILE"\nroot = "HERE/key"', "the root is not a folder of this machine"),
        ('[sites.1]\nprotocol = "FILE"\nroot = "/"\nhost = "h"', "a FILE site has no 'host'; it has root, verify"),
        ('[sites.1]\nprotocol = "FILE"\nroot = "/"\nverify = "no"', "verify is 'checksum' or 'size'"),
        ('[sites.1]\nprotocol = "SSH"', "needs root.*\n.*needs host.*\n.*needs user"),
        (f"[sites.1]\n{SSH}port = true", "port is a whole number"),
        (f"[sites.1]\n{SSH}port = 70000", "the port is from 1 to 65535"),
        (f'[sites.1]\n{SSH}key_file = "HERE/none"', "key_file names no file of this machine: .*/none"),
        (f'[sites.1]\n{SSH}login = "x"', "a SSH site has no 'login'"),
        ('[sites.1]\nprotocol = "GRIDFTP"\nroot = "/"\nhost = "a/b"', "the host is a name or an address"),
        ('[sites.1]\nprotocol = "GRIDFTP"\nroot = "/"\nhost = "-h"', "the host is a name or an address"),
        (
            '[sites.1]\nprotocol = "GRIDFTP"\nroot = "/"\nhost = "h"\nproxy_file = "HERE/key"\nanonymous = true',
            "an anonymous site has no proxy_file",
        ),
        ('[sites.1]\nprotocol = "DUMMY"\nrate = 0', "the rate is 1 byte a second or more"),
        ('[sites.1]\nprotocol = "DUMMY"\nfiles = -1', "files and size are 0 or more"),
    ],
)
def test_what_is_wrong_with_a_file_of_sites_is_said_in_a_sentence(load, text, sentence):
    with pytest.raises(SitesInvalid, match=sentence):
        load(text)


def test_all_that_is_wrong_is_said_at_once(load):
    with pytest.raises(SitesInvalid) as caught:
        load('[sites.1]\n[sites.2]\nprotocol = "FILE"\nroot = "x"\n[sites.x]')
    assert [problem.split("]")[0] for problem in caught.value.problems] == [
        "[sites.1",
        "[sites.2",
        "[sites.2",
        "[sites.x",
    ]


def test_a_file_that_is_not_there_is_said_to_be(tmp_path):
    with pytest.raises(SitesInvalid, match="can not be read: No such file"):
        load_sites(tmp_path / "none.toml")


def test_the_sites_in_the_documentation_can_be_loaded(load):
    from job_service.worker.transfers import sites  # noqa: PLC0415 - for its docstring

    text = "\n".join(line for line in str(sites.__doc__).splitlines() if line.startswith("    "))
    for file in ("/etc/job-service/id_ed25519", "/etc/job-service/known_hosts", "/run/job-service/proxy.pem"):
        text = text.replace(file, "HERE/key")
    assert set(load(text.replace("/srv/data", "HERE/data"))) == {1, 2, 3, 4}


SSH_SITE = SshSite(2, "/", "h", "u", key_file="/a", password_file="/b")


def test_a_job_that_brings_a_login_uses_nothing_of_the_worker():
    site = with_credentials(SSH_SITE, {"user": "me", "password": "hunter2"})
    assert isinstance(site, SshSite)
    assert (site.user, site.key_file, site.password_file) == ("me", "", "")
    assert site.login is not None
    assert (site.login.password, site.login.key) == ("hunter2", "")


def test_a_job_that_brings_a_proxy_is_not_anonymous():
    site = with_credentials(GridFtpSite(3, "/", "h", anonymous=True), {"proxy": "-----BEGIN"})
    assert site == GridFtpSite(3, "/", "h", proxy="-----BEGIN")
    assert "BEGIN" not in repr(site)


def test_a_job_without_credentials_uses_the_site_as_it_is():
    assert with_credentials(SSH_SITE, {}) is SSH_SITE


@pytest.mark.parametrize(
    ("site", "given", "sentence"),
    [
        (FileSite(1, "/"), {"user": "me"}, "takes no credentials"),
        (DummySite(1), {"password": "hunter2"}, "takes no credentials"),
        (SSH_SITE, {"host": "hunter2"}, "are texts named user, password, key"),
        (SSH_SITE, {"password": 12}, "are texts named user"),
        (SSH_SITE, {"password": ""}, "are texts named user"),
        (GridFtpSite(3, "/", "h"), {"user": "hunter2"}, "are texts named proxy"),
    ],
)
def test_credentials_a_site_can_not_use_are_refused_without_repeating_them(site, given, sentence):
    with pytest.raises(TransferError, match=sentence) as caught:
        with_credentials(site, given)
    assert "hunter2" not in str(caught.value)


def test_known_hosts_are_those_of_the_user_unless_said_otherwise():
    assert Path(SSH_SITE.known_hosts) == Path("~/.ssh/known_hosts")
