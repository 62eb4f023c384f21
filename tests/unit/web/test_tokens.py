"""A signed token allows what it was made for, and nothing else, until its time is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from job_service.web.tokens import BadToken, ElementToken, Signer, UserToken

KEY, NEW_KEY = b"k" * 32, b"n" * 32
NOW = 1_000_000
USER = UserToken(user=7, expires_at=NOW + 60, email="åse@example.org")
ELEMENT = ElementToken(job=12, element=3, attempt=2, expires_at=NOW + 60)


def signer(*keys, now=NOW):
    return Signer(list(keys) or KEY, clock=lambda: now)


def flips(text):
    """Each token that differs from this one in one bit, as far as a header can carry it."""
    for index, character in enumerate(text):
        for bit in range(7):
            changed = chr(ord(character) ^ 1 << bit)
            if changed.isprintable():
                yield text[:index] + changed + text[index + 1 :]


def test_a_token_says_what_was_signed():
    assert signer().read_user(signer().sign_user(USER)) == USER
    assert signer().read_element(signer().sign_element(ELEMENT), job=12, element=3) == ELEMENT


def test_a_token_fits_a_header():
    for token in (signer().sign_user(USER), signer().sign_element(ELEMENT)):
        assert token.isascii()
        assert token.isprintable()
        assert len(token) < 200


def test_clients_of_the_work_queue_read_a_users_token_without_checking_it():
    def read(token):
        return URLSafeSerializer("whatever").loads_unsafe(signer().sign_user(token))[1]

    assert read(USER) == {"id": 7, "expiry": "1970-01-12T13:47:40+00:00", "email": "åse@example.org"}
    assert read(UserToken(7, NOW)) == {"id": 7, "expiry": "1970-01-12T13:46:40+00:00"}


def test_a_users_token_of_version_0_1_0_is_valid_until_its_time_is_over():
    token = signer()._users.dumps([7, "Åse", NOW + 60])
    assert signer().read_user(token) == UserToken(7, NOW + 60)
    with pytest.raises(BadToken, match="The token has expired"):
        signer(now=NOW + 60).read_user(token)


@pytest.mark.parametrize(("job", "element"), [(13, 3), (12, 4), (3, 12), (123, 0)])
def test_a_token_is_for_its_element_only(job, element):
    token = signer().sign_element(ELEMENT)
    with pytest.raises(BadToken, match="The token is for another element"):
        signer().read_element(token, job, element)


def test_any_bit_changed_makes_it_invalid():
    for changed in flips(signer().sign_user(USER)):
        with pytest.raises(BadToken, match="The token is not valid"):
            signer().read_user(changed)
    for changed in flips(signer().sign_element(ELEMENT)):
        with pytest.raises(BadToken, match="The token is not valid"):
            signer().read_element(changed, job=12, element=3)


@given(st.text() | st.text(alphabet="abcXYZ019.-_="))
def test_any_other_text_is_invalid(text):
    with pytest.raises(BadToken, match="The token is not valid"):
        signer().read_user(text)
    with pytest.raises(BadToken, match="The token is not valid"):
        signer().read_element(signer().sign_element(ELEMENT) + text + "x", job=12, element=3)


def test_a_token_of_one_use_is_worth_nothing_for_another():
    with pytest.raises(BadToken, match="The token is not valid"):
        signer().read_user(signer().sign_element(ELEMENT))
    with pytest.raises(BadToken, match="The token is not valid"):
        signer().read_element(signer().sign_user(USER), job=12, element=3)


def test_a_token_ends_at_its_second():
    user, element = signer().sign_user(USER), signer().sign_element(ELEMENT)
    assert signer(now=NOW + 59.9).read_user(user) == USER
    with pytest.raises(BadToken, match="The token has expired"):
        signer(now=NOW + 60).read_user(user)
    with pytest.raises(BadToken, match="The token has expired"):
        signer(now=NOW + 60).read_element(element, job=12, element=3)


def test_a_token_of_another_deployment_is_invalid():
    with pytest.raises(BadToken, match="The token is not valid"):
        signer(KEY).read_user(signer(NEW_KEY).sign_user(USER))


def test_while_keys_are_rotated_the_old_one_is_accepted_and_the_new_one_signs():
    both = signer(NEW_KEY, KEY)
    assert both.read_user(signer(KEY).sign_user(USER)) == USER
    assert signer(NEW_KEY).read_user(both.sign_user(USER)) == USER
    with pytest.raises(BadToken, match="The token is not valid"):
        signer(KEY).read_user(both.sign_user(USER))


@pytest.mark.parametrize("keys", [b"", b"k" * 31, [], [KEY, b"short"]])
def test_a_short_or_absent_key_is_refused(keys):
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Signer(keys)


def test_a_signed_value_of_another_shape_is_invalid():
    other = signer()
    for value in ([], [7], [7, "x", "soon"], {"user": 7}, {"id": 7}, {"id": "7", "expiry": "2030-01-01"}, [12, 3, 2]):
        with pytest.raises(BadToken, match="The token is not valid"):
            other.read_user(other._users.dumps(value))
        with pytest.raises(BadToken, match="The token is not valid"):
            other.read_element(other._elements.dumps(value), job=12, element=3)
