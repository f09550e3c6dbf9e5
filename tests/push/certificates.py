"""Certificates made for one test run: an authority of our own, and a leaf that it signed for given names.

The rule to remember: senders trust the authority, never the leaf, as in life; strict clients refuse a leaf that is one.
"""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Certificates:
    """`authority` is what a client trusts (PEM); `leaf` and `key` are the server's files."""

    authority: Path
    leaf: Path
    key: Path

    def authorities(self) -> list[bytes]:
        """What our client is told to trust."""
        certificate = x509.load_pem_x509_certificate(self.authority.read_bytes())
        return [certificate.public_bytes(serialization.Encoding.DER)]

    def server(self) -> ssl.SSLContext:
        """What a server of HTTP/2 shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.leaf, self.key)
        context.set_alpn_protocols(["h2"])
        return context


def make(folder: Path, *names: str) -> Certificates:
    """A fresh authority and a leaf for `names` (host names and addresses) in `folder`."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server of a test")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    root = (
        _dated(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        _dated(leaf_name, root_name, key)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    made = Certificates(folder / "authority.pem", folder / "leaf.pem", folder / "leaf.key")
    made.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made.leaf.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _dated(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
