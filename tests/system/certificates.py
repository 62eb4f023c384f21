"""A certificate authority made for one test, and what it vouches for."""

import datetime as dt
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """A certificate authority that signs what it issues, for a day."""

    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._of(self.name, self.key).add_extension(constraints, critical=True)

    def _of(self, subject, key):
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number())
        return builder.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))

    def write(self, path):
        path.write_bytes(pem(self.certificate.sign(self.key, hashes.SHA256())))
        return path

    def issue(self, path, address):
        """Write a key and its certificate for an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        signed = self._of(subject, key).add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form) + pem(signed))
        return path


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
