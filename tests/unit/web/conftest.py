"""An issuer of tokens: keys of its own, and the tokens and key sets it makes with them."""

import json
from dataclasses import dataclass

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class SigningKey:
    """A private key, the public half as the issuer publishes it, and tokens signed with it."""

    private: rsa.RSAPrivateKey
    kid: str

    def jwk(self, **changes):
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig", "alg": "RS256", **changes}

    def sign(self, claims, algorithm="RS256", **headers):
        return jwt.encode(claims, self.private, algorithm, {"kid": self.kid, **headers})


@pytest.fixture(scope="session")
def signing_keys():
    """Three keys, "a", "b" and "c", made once."""
    return [SigningKey(rsa.generate_private_key(65537, 2048), kid) for kid in "abc"]


@pytest.fixture(scope="session")
def key_set(signing_keys):
    """What the issuer answers when it publishes its first key only."""
    return json.dumps({"keys": [signing_keys[0].jwk()]}).encode()
