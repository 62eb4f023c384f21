"""Who asks, and for what, when proxies stand in between: as a WSGI application is told."""

import pytest

from job_service.web.proxies import TrustedProxies, read_address

TRUSTED = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")


def told(peer, trusted=TRUSTED, **headers):
    """Give the environ that the application gets when `peer` sends these headers."""
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "inner:8000", "SCRIPT_NAME": ""}
    environ.update({f"HTTP_{name.upper()}": value for name, value in headers.items()})
    return told_of(environ, trusted)


def told_of(environ, trusted=TRUSTED):
    TrustedProxies(lambda *_: [], trusted)(environ, lambda *_: lambda _: None)
    return environ


def client(peer, forwarded_for, trusted=TRUSTED):
    return told(peer, trusted, x_forwarded_for=forwarded_for)["REMOTE_ADDR"]


@pytest.mark.parametrize(
    ("forwarded_for", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.1.1.1", "192.0.2.7"),
        ("192.0.2.66, 192.0.2.7, 10.1.1.1,10.2.2.2", "192.0.2.7"),
        ("127.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db9::1]:4711", "2001:db9::1"),
        ("2001:db9::1", "2001:db9::1"),
        ("2001:db9::1, 2001:db8::5", "2001:db9::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, ::ffff:10.1.1.1", "192.0.2.7"),
        ("10.0.0.9", "10.0.0.9"),
        ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ("unknown", ""),
        ("192.0.2.7, unknown", ""),
        ("127.0.0.1, <script>", ""),
        ("192.0.2.7,", ""),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_the_client_is_the_rightmost_hop_that_is_no_trusted_proxy(forwarded_for, expected):
    assert client("127.0.0.1", forwarded_for) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("127.0.0.1", "::1", "::1"),
        ("", "127.0.0.1", "127.0.0.1"),
        ("10.0.0.1", "127.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.7, 127.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "127.0.0.1, 10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "::1, 10.0.0.2, 127.0.0.1", "10.0.0.2"),
    ],
)
def test_a_loopback_address_that_another_machine_tells_of_is_that_machine(peer, forwarded_for, expected):
    assert client(peer, forwarded_for, (*TRUSTED, "unix")) == expected


@pytest.mark.parametrize("peer", ["192.0.2.1", "11.0.0.1", "::1", "", "2001:db9::1", "no address"])
def test_of_a_peer_that_is_not_named_nothing_is_believed(peer):
    given = {"x_forwarded_for": "127.0.0.1", "x_forwarded_proto": "https", "x_forwarded_host": "evil.example"}
    got = told(peer, **given, x_forwarded_port="81", x_forwarded_prefix="/evil")
    kept = (got["REMOTE_ADDR"], got["wsgi.url_scheme"], got["HTTP_HOST"], got["SCRIPT_NAME"])
    assert kept == (peer, "http", "inner:8000", "")


@pytest.mark.parametrize("peer", ["127.0.0.1", "::ffff:127.0.0.1", "10.255.0.1", "2001:db8:1::1"])
def test_a_named_peer_is_believed_in_either_spelling_of_its_address(peer):
    assert client(peer, "192.0.2.7") == "192.0.2.7"


def test_a_unix_socket_is_believed_where_it_is_named():
    assert client("", "192.0.2.7", ("unix",)) == "192.0.2.7"
    assert client("", "192.0.2.7", ("127.0.0.1",)) == ""
    assert client("127.0.0.1", "192.0.2.7", ("unix",)) == "127.0.0.1"


def test_who_comes_through_a_proxy_that_does_not_tell_has_no_address():
    assert told("127.0.0.1", x_forwarded_proto="https")["REMOTE_ADDR"] == ""
    assert told("127.0.0.1", via="1.1 squid")["REMOTE_ADDR"] == ""
    assert told("127.0.0.1")["REMOTE_ADDR"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ({"x_forwarded_host": "jobs.example.org"}, "jobs.example.org"),
        ({"x_forwarded_host": "evil.example, jobs.example.org"}, "jobs.example.org"),
        ({"x_forwarded_host": "jobs.example.org:8443"}, "jobs.example.org:8443"),
        ({"x_forwarded_host": "[2001:db8::1]:8443"}, "[2001:db8::1]:8443"),
        ({"x_forwarded_host": "jobs.example.org", "x_forwarded_port": "8443"}, "jobs.example.org:8443"),
        ({"x_forwarded_host": "jobs.example.org", "x_forwarded_port": "443"}, "jobs.example.org"),
        ({"x_forwarded_host": "jobs.example.org:1", "x_forwarded_port": "8443"}, "jobs.example.org:1"),
        ({"x_forwarded_host": "jobs.example.org", "x_forwarded_port": "0x1"}, "jobs.example.org"),
        ({"x_forwarded_host": "a/b"}, "inner:8000"),
        ({"x_forwarded_host": "user@a"}, "inner:8000"),
        ({"x_forwarded_host": "a\tb"}, "inner:8000"),
        ({"x_forwarded_port": "81"}, "inner:8000"),
    ],
)
def test_the_host_is_the_one_that_the_browser_asked_for(headers, host):
    assert told("127.0.0.1", **headers)["HTTP_HOST"] == host


@pytest.mark.parametrize(
    ("said", "scheme"), [("https", "https"), ("HTTPS", "https"), ("http,https", "https"), ("ws", "http"), ("", "http")]
)
def test_the_scheme_is_one_of_two(said, scheme):
    assert told("127.0.0.1", x_forwarded_proto=said)["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    ("said", "prefix"),
    [
        ("/queue", "/queue"),
        ("/queue/", "/queue"),
        ("/a/b-c_d.e~f", "/a/b-c_d.e~f"),
        ("//evil.example, /queue", "/queue"),
        ("/", ""),
        ("", ""),
        ("queue", ""),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("https://evil.example", ""),
        ("/a/../b", ""),
        ("/.", ""),
        ('/"><script>', ""),
        ("/a b", ""),
        ("/a;b", ""),
    ],
)
def test_a_prefix_is_a_plain_path_or_none(said, prefix):
    assert told("127.0.0.1", x_forwarded_prefix=said)["SCRIPT_NAME"] == prefix


def test_a_prefix_that_was_set_for_good_is_kept_where_the_proxy_says_none():
    environ = {"REMOTE_ADDR": "127.0.0.1", "SCRIPT_NAME": "/queue", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}
    assert told_of(environ)["SCRIPT_NAME"] == "/queue"


def test_what_is_no_address_is_none():
    assert [read_address(text) for text in ("", "localhost", "1.2.3", "1.2.3.4.5", "127.0.0.1/8")] == [None] * 5
