"""TLS for names of this machine: a certificate authority that signed one certificate and lost its pen.

The rule to remember: the authority's private key is never written. Whoever trusts ca.pem trusts this one certificate.
"""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from workers.sandbox import folder

VALID = datetime.timedelta(days=365)
REMAKE_BEFORE = datetime.timedelta(days=1)
"""A certificate that ends so soon is made anew, so that none expires while we run for a day."""
NAMES = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


class Certificates:
    """The pair of files. `ca_file` is what clients are to trust."""

    def __init__(self, place: Path) -> None:
        self.ca_file = place / "ca.pem"
        self._server_file = place / "server.pem"

    def ensure(self, now: datetime.datetime) -> None:
        """Make them where they are missing or about to expire."""
        if not self.ca_file.exists() or not self._server_file.exists() or self._ends() < now + REMAKE_BEFORE:
            self._make(now)

    def context(self, *protocols: str) -> ssl.SSLContext:
        """For a server that speaks these protocols (ALPN names), the best first."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._server_file)
        context.set_alpn_protocols(list(protocols))
        return context

    def _ends(self) -> datetime.datetime:
        return x509.load_pem_x509_certificate(self._server_file.read_bytes()).not_valid_after_utc

    def _make(self, now: datetime.datetime) -> None:
        authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = _named("Flashwire sandbox, for this machine only")
        root = (
            _begun(issuer, issuer, authority.public_key(), now)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(authority, hashes.SHA256())
        )
        leaf = (
            _begun(_named("localhost"), issuer, key.public_key(), now)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(NAMES), critical=False)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
            .sign(authority, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        folder.write(self._server_file, private + leaf.public_bytes(pem), folder.SECRET_MODE)
        folder.write(self.ca_file, root.public_bytes(pem))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
