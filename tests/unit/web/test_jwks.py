"""Keys are fetched behind the requests' back: a bad server delays nobody and takes no key away."""

import datetime as dt
import json
import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from job_service.web.jwks import MAX_BYTES, JwksKeys, NoKeySet, Timing, read_keys
from job_service.web.jwt import JwtVerifier, NotAuthenticated

DEADLINE = 10.0
QUICK = Timing(timeout=0.3, cooldown=0.02, refresh=0.04)
# Nothing is asked a second time within a test.
ONCE = Timing(timeout=2.0, cooldown=3600.0, refresh=3600.0)
# Only an unknown key makes it ask again.
ON_DEMAND = Timing(timeout=2.0, cooldown=0.02, refresh=3600.0)


class Issuer(ThreadingHTTPServer):
    """A server on loopback whose answers a test sets; while `go_on` is not set it gives none."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.headers, self.document = 200, {}, b""
        self.drip = False
        self.go_on = threading.Event()
        self.go_on.set()
        self.held = threading.Event()
        self.ended = threading.Event()
        self.changed = threading.Condition()
        self.count = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/keys?of=this"

    def publish(self, *keys):
        self.status, self.headers = 200, {}
        self.document = json.dumps({"keys": [key.jwk() for key in keys]}).encode()

    def wait_for(self, count):
        """Wait until that many requests have arrived."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.count >= count, DEADLINE)

    def handle_error(self, request, client_address):
        """Stay silent when the other side has had enough."""


class Answer(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self):
        issuer = self.server
        with issuer.changed:
            issuer.count += 1
            issuer.changed.notify_all()
        if not issuer.go_on.is_set():
            issuer.held.set()
        issuer.go_on.wait(DEADLINE)
        assert self.path == "/keys?of=this"
        self.send_response(issuer.status)
        for name, value in issuer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        while issuer.drip and not issuer.ended.wait(0.05):
            self.wfile.write(b" ")
        self.wfile.write(issuer.document)

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def issuer():
    with Issuer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.ended.set()
        server.go_on.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def fetching():
    """Make key sets that end with the test."""
    made = []

    def make(url, timing):
        made.append(JwksKeys(url, timing))
        return made[-1]

    yield make
    for keys in made:
        keys.close()


def wait_until(condition):
    deadline = time.monotonic() + DEADLINE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.005)


def threads(keys):
    """The threads that fetch these keys; a thread that has ended has forgotten its target."""
    return [thread for thread in threading.enumerate() if getattr(thread, "_target", None) == keys._run]


class TestFetching:
    def test_the_first_use_waits_for_the_keys(self, issuer, fetching, signing_keys):
        issuer.publish(*signing_keys)
        keys = fetching(issuer.url, ONCE)
        assert keys.get("b").public_numbers() == signing_keys[1].private.public_key().public_numbers()
        assert keys.loaded
        assert issuer.count == 1

    def test_nothing_happens_before_the_first_use(self, issuer, fetching):
        keys = fetching(issuer.url, ONCE)
        assert not keys.loaded
        assert threads(keys) == []
        assert issuer.count == 0

    def test_many_first_uses_at_once_cause_one_fetch(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        keys = fetching(issuer.url, ONCE)
        found = []
        users = [threading.Thread(target=lambda: found.append(keys.get("a"))) for _ in range(20)]
        for user in users:
            user.start()
        for user in users:
            user.join()
        assert len(found) == 20
        assert None not in found
        assert issuer.count == len(threads(keys)) == 1

    def test_a_thread_that_a_fork_left_behind_is_replaced(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        keys = fetching(issuer.url, ONCE)
        keys._thread = threading.Thread(name="never started, as one is after a fork")
        assert keys.get("a") is not None
        assert len(threads(keys)) == 1

    def test_closing_ends_the_thread(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        keys = fetching(issuer.url, ONCE)
        keys.get("a")
        keys.close()
        assert threads(keys) == []
        assert keys._keys

    def test_a_token_without_a_key_id_gets_the_only_key(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        assert fetching(issuer.url, ONCE).get(None) is not None

    def test_a_token_without_a_key_id_gets_none_of_several(self, issuer, fetching, signing_keys):
        issuer.publish(*signing_keys)
        assert fetching(issuer.url, ONCE).get(None) is None

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "file:///etc/passwd",
            "ldap://127.0.0.1/",
            "ftp://127.0.0.1/",
            "data:,{}",
            "http://",
            "//127.0.0.1/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:x/",
            "http://127.0.0.1:99999/",
            "/keys",
            "127.0.0.1",
        ],
    )
    def test_an_address_that_is_not_http_is_refused(self, url):
        with pytest.raises(ValueError, match=r"http or https|[Pp]ort"):
            JwksKeys(url)


class TestTiming:
    def test_the_usual_times_keep_the_promises(self):
        usual = Timing()
        assert usual.timeout <= 2
        assert usual.cooldown >= 30
        assert usual.cooldown < usual.refresh
        assert usual.refresh + usual.timeout <= 60

    def test_any_number_of_unknown_keys_cause_no_fetch_before_its_time(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        keys = fetching(issuer.url, ONCE)
        assert keys.get("a") is not None
        assert [keys.get(f"made-up-{n}") for n in range(1000)] == [None] * 1000
        assert issuer.count == 1

    def test_an_unknown_key_is_fetched_behind_the_request(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        keys = fetching(issuer.url, ON_DEMAND)
        assert keys.get("a") is not None
        issuer.publish(signing_keys[1])
        wait_until(lambda: keys.get("b") is not None)
        assert keys.get("a") is None

    def test_rotated_keys_are_seen_though_nobody_asks(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        keys = fetching(issuer.url, QUICK)
        assert keys.get("a") is not None
        issuer.publish(signing_keys[1])
        wait_until(lambda: "b" in keys._keys)
        assert "a" not in keys._keys


def down(issuer):
    issuer.shutdown()
    issuer.server_close()


def hanging(issuer):
    issuer.go_on.clear()


def dripping(issuer):
    issuer.drip = True


def answering(status=200, document=b"", **headers):
    def arrange(issuer):
        issuer.status, issuer.headers, issuer.document = status, headers, document

    return arrange


TROUBLES = [
    pytest.param(down, id="down"),
    pytest.param(hanging, id="hanging"),
    pytest.param(dripping, id="a byte now and then"),
    pytest.param(answering(500, b"{}"), id="error"),
    pytest.param(answering(200, b""), id="empty"),
    pytest.param(answering(200, b"<html>"), id="no JSON"),
    pytest.param(answering(200, b"[]"), id="no object"),
    pytest.param(answering(200, b'{"keys": 7}'), id="no list"),
    pytest.param(answering(200, b'{"keys": []}'), id="no key"),
    pytest.param(answering(200, b"[" * 60_000), id="nested"),
    pytest.param(answering(200, b" " * 100_000, **{"Content-Length": "100000"}), id="too large"),
    pytest.param(answering(200, b"{", **{"Content-Length": "100"}), id="cut"),
    pytest.param(answering(200, b"zz\r\n", **{"Transfer-Encoding": "chunked"}), id="wrong chunks"),
    pytest.param(answering(200, b"", X="y" * 70_000), id="endless header"),
]


class TestTroubles:
    @pytest.mark.parametrize("arrange", TROUBLES)
    def test_good_keys_go_on_and_the_rest_is_unknown(self, issuer, fetching, signing_keys, caplog, arrange):
        issuer.publish(signing_keys[0])
        keys = fetching(issuer.url, QUICK)
        assert keys.get("a") is not None
        arrange(issuer)
        caplog.clear()
        wait_until(lambda: "The signing keys could not be fetched" in caplog.text)
        assert keys.get("a") is not None
        assert keys.get("b") is None
        assert "127.0.0.1" not in caplog.text

    @pytest.mark.parametrize("arrange", TROUBLES)
    def test_at_the_start_there_are_no_keys_and_the_wait_is_bounded(self, issuer, fetching, arrange):
        arrange(issuer)
        keys = fetching(issuer.url, QUICK)
        started = time.monotonic()
        assert keys.get("a") is None
        assert time.monotonic() - started < QUICK.timeout + 1
        assert not keys.loaded

    def test_a_server_that_recovers_is_seen(self, issuer, fetching, signing_keys):
        answering(503)(issuer)
        keys = fetching(issuer.url, QUICK)
        assert keys.get("a") is None
        issuer.publish(signing_keys[0])
        wait_until(lambda: keys.get("a") is not None)

    def test_after_a_failure_it_is_tried_again_without_being_asked(self, issuer, fetching):
        answering(503)(issuer)
        fetching(issuer.url, ON_DEMAND).start()
        issuer.wait_for(3)

    def test_a_redirect_is_not_followed(self, issuer, fetching, signing_keys, caplog):
        issuer.publish(signing_keys[0])
        issuer.status, issuer.headers = 302, {"Location": issuer.url}
        assert fetching(issuer.url, ONCE).get("a") is None
        assert issuer.count == 1
        assert "status 302" in caplog.text

    def test_a_name_that_does_not_resolve_is_no_crash(self, fetching, caplog, monkeypatch):
        def unknown(*_, **__):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        assert fetching("http://dummy", ONCE).get("a") is None
        assert "could not be fetched: gaierror" in caplog.text

    def test_while_the_server_hangs_good_tokens_are_as_fast_as_ever(self, issuer, fetching, signing_keys):
        key = signing_keys[0]
        issuer.publish(key)
        keys = fetching(issuer.url, Timing(timeout=DEADLINE, cooldown=0.01, refresh=0.02))
        assert keys.get("a") is not None
        hanging(issuer)
        assert issuer.held.wait(DEADLINE)
        times = sorted(timed(keys, key, signing_keys[1]) for _ in range(200))
        assert times[197] < DEADLINE / 4
        issuer.go_on.set()


def timed(keys, good, unknown):
    """Verify a good pair of cookies behind a bad one; return the seconds that the good one took."""
    verifier = JwtVerifier(keys, "datastore")
    claims = {"aud": "datastore", "sub": "s", "exp": time.time() + 60, "accreditation/role": "role/dataadministrator"}
    names = {"user/uuid": "u", "user/firstName": "f", "user/lastName": "l"}
    token = good.sign({**claims, **names})
    with suppress(NotAuthenticated):
        verifier.verify(unknown.sign(claims), token)
    started = time.perf_counter()
    assert verifier.verify(token, token).user_id == "u"
    return time.perf_counter() - started


class TestTls:
    def test_a_certificate_that_nobody_vouches_for_is_refused(self, fetching, caplog, tmp_path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed(tmp_path))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = threading.Thread(target=greet, args=(listener, context))
            server.start()
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            assert fetching(url, ONCE).get("a") is None
            server.join()
        assert "SSLCertVerificationError" in caplog.text


def greet(listener, context):
    peer, _ = listener.accept()
    with peer, suppress(OSError), context.wrap_socket(peer, server_side=True):
        pass


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


class TestKeySets:
    def test_only_twenty_keys_are_read(self, signing_keys):
        entries = [signing_keys[0].jwk(kid=str(n)) for n in range(100)]
        assert list(read_keys(json.dumps({"keys": entries}).encode())) == [str(n) for n in range(20)]

    def test_of_two_keys_with_one_id_the_first_counts(self, signing_keys):
        entries = [signing_keys[0].jwk(kid="x"), signing_keys[1].jwk(kid="x")]
        found = read_keys(json.dumps({"keys": entries}).encode())["x"]
        assert found.public_numbers() == signing_keys[0].private.public_key().public_numbers()

    @pytest.mark.parametrize("changes", [{}, {"alg": "RS512"}, {"alg": None, "use": None}, {"x5c": ["x"], "x": 1}])
    def test_a_key_for_signatures_is_usable(self, signing_keys, changes):
        entry = {name: value for name, value in signing_keys[0].jwk(**changes).items() if value is not None}
        assert list(read_keys(json.dumps({"keys": [entry]}).encode())) == ["a"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"use": "enc"},
            {"alg": "PS256"},
            {"alg": "none"},
            {"alg": "HS256"},
            {"kty": "oct"},
            {"kty": None},
            {"kid": 7},
            {"kid": ["a"]},
            {"n": 7},
            {"n": "ÿ"},
            {"n": ""},
            {"e": "AA"},
            {"e": None},
            {"use": ["sig"]},
        ],
    )
    def test_an_unusable_key_is_passed_over(self, signing_keys, changes):
        one, other, _ = signing_keys
        entries = [one.jwk(**changes), other.jwk()]
        assert list(read_keys(json.dumps({"keys": entries}).encode())) == ["b"]

    def test_a_key_of_another_kind_is_passed_over(self, signing_keys):
        curve = ECAlgorithm(ECAlgorithm.SHA256).to_jwk(
            ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True
        )
        private = RSAAlgorithm.to_jwk(signing_keys[0].private, as_dict=True)
        short = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
        shared = {"kty": "oct", "k": "c2VjcmV0"}
        entries = [{**entry, "kid": "x"} for entry in (curve, private, short, shared)]
        with pytest.raises(NoKeySet, match="no usable key"):
            read_keys(json.dumps({"keys": [*entries, 7, None, [], "x"]}).encode())

    def test_the_largest_document_is_read(self, issuer, fetching, signing_keys):
        issuer.publish(signing_keys[0])
        issuer.document = issuer.document.ljust(MAX_BYTES)
        assert fetching(issuer.url, ONCE).get("a") is not None


def test_the_first_failure_is_logged_without_the_address(issuer, fetching, caplog):
    answering(500)(issuer)
    fetching(issuer.url, ONCE).get("a")
    (record,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert record.getMessage() == "The signing keys could not be fetched: status 500"
