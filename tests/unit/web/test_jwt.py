"""Two cookies of the issuer name the user; anything less is refused, and says which cookie and why."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from job_service.web.jwt import JwtVerifier, KeysUnavailable, NotAuthenticated, User

DAY = 24 * 60 * 60
ABSENT = object()


class FixedKeys:
    """The keys of an issuer that can always be reached, and never has others."""

    def __init__(self, *keys):
        self._keys = {key.kid: key.private.public_key() for key in keys}

    @property
    def loaded(self):
        return bool(self._keys)

    def get(self, kid):
        return self._keys.get(kid)


@pytest.fixture
def key(signing_keys):
    return signing_keys[0]


@pytest.fixture
def verifier(key):
    return JwtVerifier(FixedKeys(key), "datastore")


def claims(**changes):
    """All that either cookie has; a claim is taken away by ABSENT."""
    usual = {
        "aud": ["no.ssb.fdb", "datastore"],
        "sub": "someone",
        "exp": time.time() + 3600,
        "accreditation/role": "role/dataadministrator",
        "user/uuid": "1234-5678",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not ABSENT}


def info_claims(**changes):
    usual = {
        "aud": ["rose"],
        "exp": time.time() + 3600,
        "user/uuid": "1234-5678",
        "user/firstName": "Åse",
        "user/lastName": "Testesen",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not ABSENT}


@pytest.fixture
def strict(key):
    return JwtVerifier(FixedKeys(key), "datastore", DAY)


@pytest.fixture
def authorization(key):
    return key.sign(claims())


@pytest.fixture
def user_info(key):
    return key.sign(info_claims())


def assert_refused(verifier, authorization, user_info, sentence):
    with pytest.raises(NotAuthenticated) as caught:
        verifier.verify(authorization, user_info)
    assert str(caught.value) == sentence


class TestTheUser:
    def test_is_who_both_cookies_name(self, verifier, authorization, user_info):
        assert verifier.verify(authorization, user_info) == User("1234-5678", "Åse", "Testesen")

    @pytest.mark.parametrize("algorithm", ["RS256", "RS512"])
    def test_either_algorithm_is_taken(self, verifier, key, algorithm):
        user = verifier.verify(key.sign(claims(), algorithm), key.sign(info_claims(), algorithm))
        assert user.first_name == "Åse"

    def test_each_cookie_may_be_signed_with_a_key_of_its_own(self, signing_keys):
        one, other, _ = signing_keys
        verifier = JwtVerifier(FixedKeys(one, other), "datastore")
        assert verifier.verify(one.sign(claims()), other.sign(info_claims())).user_id == "1234-5678"

    def test_the_audience_is_the_one_of_the_stack(self, key, user_info):
        verifier = JwtVerifier(FixedKeys(key), "datastore-qa")
        assert verifier.verify(key.sign(claims(aud="datastore-qa")), user_info).user_id == "1234-5678"
        assert_refused(verifier, key.sign(claims()), user_info, "The authorization cookie is for another audience")

    def test_a_name_may_be_empty(self, verifier, key, authorization):
        user_info = key.sign(info_claims(**{"user/lastName": ""}))
        assert verifier.verify(authorization, user_info).last_name == ""

    def test_the_same_token_twice_does_where_it_has_all_claims(self, verifier, key):
        token = key.sign(claims(**{"user/firstName": "A", "user/lastName": "B"}))
        assert verifier.verify(token, token) == User("1234-5678", "A", "B")


class TestCookies:
    @pytest.mark.parametrize("absent", [None, ""])
    def test_a_missing_one_is_named(self, verifier, authorization, user_info, absent):
        assert_refused(verifier, absent, user_info, "The authorization cookie is missing")
        assert_refused(verifier, authorization, absent, "The user-info cookie is missing")

    def test_neither_does_for_the_other(self, verifier, authorization, user_info):
        sentence = 'The authorization cookie lacks the claim "sub"'
        assert_refused(verifier, user_info, authorization, sentence)
        sentence = 'The user-info cookie lacks the claim "user/firstName"'
        assert_refused(verifier, authorization, authorization, sentence)

    @pytest.mark.parametrize("token", ["Bearer", "x", "a.b", "a.b.c", "..", "\ud800", "å.å.å", "[" * 5000, "W10.e30.x"])
    def test_what_is_no_token_is_refused(self, verifier, authorization, user_info, token):
        assert_refused(verifier, token, user_info, "The authorization cookie is not a valid token")
        assert_refused(verifier, authorization, token, "The user-info cookie is not a valid token")

    def test_a_long_one_is_not_even_read(self, verifier, user_info):
        assert_refused(verifier, "x" * 8193, user_info, "The authorization cookie is too long")


class TestClaims:
    @pytest.mark.parametrize("claim", ["aud", "sub", "accreditation/role", "user/uuid"])
    @pytest.mark.parametrize("value", [ABSENT, None])
    def test_each_of_authorization_is_required(self, verifier, key, user_info, claim, value):
        token = key.sign(claims(**{claim: value}))
        assert_refused(verifier, token, user_info, f'The authorization cookie lacks the claim "{claim}"')

    @pytest.mark.parametrize("claim", ["user/uuid", "user/firstName", "user/lastName"])
    def test_each_of_user_info_is_required(self, verifier, key, authorization, claim):
        token = key.sign(info_claims(**{claim: ABSENT}))
        assert_refused(verifier, authorization, token, f'The user-info cookie lacks the claim "{claim}"')

    @pytest.mark.parametrize("audience", ["datastore-qa", ["rose"], "", [], "datastor", {"datastore": 1}, 1])
    def test_another_audience_is_refused(self, verifier, key, user_info, audience):
        with pytest.raises(NotAuthenticated, match=r'^The authorization cookie (is for another|lacks the claim "aud")'):
            verifier.verify(key.sign(claims(aud=audience)), user_info)

    @pytest.mark.parametrize("role", ["role/researcher", "role/dataadministrator ", "ROLE/DATAADMINISTRATOR"])
    def test_another_role_is_refused(self, verifier, key, user_info, role):
        token = key.sign(claims(**{"accreditation/role": role}))
        assert_refused(verifier, token, user_info, "The authorization cookie does not grant role/dataadministrator")

    def test_a_role_in_a_nested_claim_does_not_count(self, verifier, key, user_info):
        nested = {"accreditation": {"role": "role/dataadministrator"}, "accreditation/role": ABSENT}
        sentence = 'The authorization cookie lacks the claim "accreditation/role"'
        assert_refused(verifier, key.sign(claims(**nested)), user_info, sentence)

    def test_two_users_are_refused(self, verifier, key, authorization):
        token = key.sign(info_claims(**{"user/uuid": "other"}))
        sentence = "The user-info cookie is of another user than the authorization cookie"
        assert_refused(verifier, authorization, token, sentence)

    @pytest.mark.parametrize("value", ["", ["1234-5678"], {"$ne": None}, True, "\ud800"])
    def test_an_id_that_is_no_text_is_refused(self, verifier, key, user_info, value):
        token = key.sign(claims(**{"user/uuid": value}))
        assert_refused(verifier, token, user_info, 'The authorization cookie has an invalid claim "user/uuid"')

    @pytest.mark.parametrize(("value", "text"), [(7, "7"), (0, "0"), (2**70, str(2**70)), (1.5, "1.5")])
    def test_an_id_may_be_a_number(self, verifier, key, value, text):
        numbers = {"user/uuid": value, "sub": value}
        user = verifier.verify(key.sign(claims(**numbers)), key.sign(info_claims(**{"user/uuid": value})))
        assert user.user_id == text
        assert verifier.verify(key.sign(claims(**numbers)), key.sign(info_claims(**{"user/uuid": text}))) == user

    @pytest.mark.parametrize(
        "registered",
        [{"jti": 7}, {"jti": 2**70}, {"jti": "7"}, {"iss": "https://issuer"}, {"nbf": 1.5}, {"iat": 1.5}],
    )
    def test_other_registered_claims_may_be_numbers(self, verifier, key, registered):
        user = verifier.verify(key.sign(claims(**registered)), key.sign(info_claims(**registered)))
        assert user.user_id == "1234-5678"

    @pytest.mark.parametrize("value", [["role/dataadministrator"], True])
    def test_a_role_that_is_no_text_is_refused(self, verifier, key, user_info, value):
        token = key.sign(claims(**{"accreditation/role": value}))
        sentence = 'The authorization cookie has an invalid claim "accreditation/role"'
        assert_refused(verifier, token, user_info, sentence)

    @pytest.mark.parametrize("value", [7, {"a": 1}, "\udc00"])
    def test_a_name_that_is_no_text_is_refused(self, verifier, key, authorization, value):
        token = key.sign(info_claims(**{"user/lastName": value}))
        assert_refused(verifier, authorization, token, 'The user-info cookie has an invalid claim "user/lastName"')


class TestTime:
    @pytest.mark.parametrize("seconds", [-31, -3600, -(10**9)])
    def test_what_has_expired_is_refused(self, verifier, key, authorization, user_info, seconds):
        exp = time.time() + seconds
        assert_refused(verifier, key.sign(claims(exp=exp)), user_info, "The authorization cookie has expired")
        assert_refused(verifier, authorization, key.sign(info_claims(exp=exp)), "The user-info cookie has expired")

    def test_clocks_may_differ_by_some_seconds(self, verifier, key, user_info):
        now = time.time()
        token = key.sign(claims(exp=now - 15, nbf=now + 15, iat=now + 15))
        assert verifier.verify(token, user_info).user_id == "1234-5678"

    @pytest.mark.parametrize("claim", ["nbf", "iat"])
    def test_what_is_not_valid_yet_is_refused(self, verifier, key, user_info, claim):
        token = key.sign(claims(**{claim: time.time() + 60}))
        assert_refused(verifier, token, user_info, "The authorization cookie is not valid yet")

    @pytest.mark.parametrize("exp", [ABSENT, 4 * 10**9, 10**18, 2**70])
    def test_what_hardly_ever_expires_is_taken(self, verifier, key, exp):
        assert verifier.verify(key.sign(claims(exp=exp)), key.sign(info_claims(exp=exp))).user_id == "1234-5678"

    @pytest.mark.parametrize("exp", [10**18, 2**70, ABSENT])
    def test_what_hardly_ever_expires_may_be_refused(self, strict, key, authorization, user_info, exp):
        sentence = 'lacks the claim "exp"' if exp is ABSENT else "is valid for more than 86400 seconds"
        assert_refused(strict, key.sign(claims(exp=exp)), user_info, f"The authorization cookie {sentence}")
        assert_refused(strict, authorization, key.sign(info_claims(exp=exp)), f"The user-info cookie {sentence}")

    def test_the_longest_age_is_that_of_the_setting(self, key, user_info):
        now = int(time.time())
        verifier = JwtVerifier(FixedKeys(key), "datastore", DAY, clock=lambda: now)
        assert verifier.verify(key.sign(claims(exp=now + DAY + 30)), user_info).user_id == "1234-5678"
        with pytest.raises(NotAuthenticated, match="more than 86400 seconds"):
            verifier.verify(key.sign(claims(exp=now + DAY + 31)), user_info)

    @pytest.mark.parametrize("exp", ["soon", [], {}, None, float("inf"), float("nan")])
    def test_what_is_no_time_is_refused(self, verifier, key, user_info, exp):
        assert_refused(verifier, key.sign(claims(exp=exp)), user_info, "The authorization cookie is not a valid token")


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


class TestSignature:
    def test_one_of_an_unknown_key_is_refused(self, verifier, signing_keys, user_info):
        stranger = signing_keys[1]
        assert_refused(
            verifier, stranger.sign(claims()), user_info, "The authorization cookie is signed with an unknown key"
        )
        sentence = "The authorization cookie has a wrong signature"
        assert_refused(verifier, stranger.sign(claims(), kid="a"), user_info, sentence)

    def test_changed_claims_are_refused(self, verifier, key, user_info):
        head, _, signature = key.sign(claims()).split(".")
        token = f"{head}.{encoded(claims(sub='other'))}.{signature}"
        assert_refused(verifier, token, user_info, "The authorization cookie has a wrong signature")

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
    def test_no_signature_is_refused(self, verifier, user_info, algorithm):
        token = f"{encoded({'alg': algorithm, 'kid': 'a'})}.{encoded(claims())}."
        assert_refused(verifier, token, user_info, "The authorization cookie is not signed with RS256 or RS512")

    def test_the_public_key_used_as_a_secret_is_refused(self, verifier, key, user_info):
        public = key.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head = f"{encoded({'alg': 'HS256', 'kid': 'a'})}.{encoded(claims())}"
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head.encode(), public)
        token = f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert_refused(verifier, token, user_info, "The authorization cookie is not signed with RS256 or RS512")

    @pytest.mark.parametrize("algorithm", ["RS384", "PS256"])
    def test_another_algorithm_of_the_same_key_is_refused(self, verifier, key, user_info, algorithm):
        token = key.sign(claims(), algorithm)
        assert_refused(verifier, token, user_info, "The authorization cookie is not signed with RS256 or RS512")

    def test_another_kind_of_key_is_refused(self, verifier, user_info):
        token = jwt.encode(claims(), ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": "a"})
        assert_refused(verifier, token, user_info, "The authorization cookie is not signed with RS256 or RS512")


class TestHeader:
    @pytest.mark.parametrize("kid", [7, ["a"], {"a": 1}, True])
    def test_a_key_id_that_is_no_text_is_refused(self, verifier, user_info, kid):
        token = f"{encoded({'alg': 'RS256', 'kid': kid})}.{encoded(claims())}.x"
        assert_refused(verifier, token, user_info, "The authorization cookie is not a valid token")

    @pytest.mark.parametrize("kid", ["../a", "/etc/passwd", "", "A", "a\0", "x" * 5000])
    def test_a_key_id_is_compared_and_nothing_else(self, verifier, key, user_info, kid):
        token = key.sign(claims(), kid=kid)
        assert_refused(verifier, token, user_info, "The authorization cookie is signed with an unknown key")

    @pytest.mark.parametrize("crit", [["exp"], ["x"], [], "exp", [1]])
    def test_an_extension_that_must_be_understood_is_refused(self, verifier, key, user_info, crit):
        head, body, signature = key.sign(claims()).split(".")
        token = f"{encoded({'alg': 'RS256', 'kid': 'a', 'crit': crit})}.{body}.{signature}"
        assert head
        assert_refused(verifier, token, user_info, "The authorization cookie is not a valid token")

    def test_a_key_in_the_token_itself_is_ignored(self, verifier, signing_keys, user_info):
        stranger = signing_keys[1]
        planted = {"jwk": stranger.jwk(kid="a"), "jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"}
        token = stranger.sign(claims(), kid="a", **planted)
        assert_refused(verifier, token, user_info, "The authorization cookie has a wrong signature")
        good = signing_keys[0].sign(claims(), **planted)
        assert verifier.verify(good, user_info).user_id == "1234-5678"


def test_while_there_are_no_keys_the_answer_says_so(authorization, user_info):
    verifier = JwtVerifier(FixedKeys(), "datastore")
    with pytest.raises(KeysUnavailable, match="cannot be checked: there are no signing keys yet"):
        verifier.verify(authorization, user_info)


def test_no_refusal_repeats_what_the_token_says(verifier, key, user_info):
    secret = "planted-canary"
    tokens = [
        key.sign(claims(**{claim: secret})) for claim in ("aud", "exp", "nbf", "accreditation/role", "user/uuid")
    ] + [key.sign(claims(), kid=secret), secret]
    for token in tokens:
        with pytest.raises(NotAuthenticated) as caught:
            verifier.verify(token, user_info)
        assert secret not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
