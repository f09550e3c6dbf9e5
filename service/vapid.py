"""The key pair that names us to browsers' push services (VAPID, RFC 8292): made once, kept, and never made again.

The rule to remember: every subscription is bound to the public key it was made with. A lost or new key pair loses every
browser, so an existing file is only ever read, and it belongs into the backup.
"""

import base64
import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

FILE_NAME = "vapid.pem"
"""In the data folder, where no setting names another place."""
MODE = 0o400


class VapidError(Exception):
    """The key pair cannot be read or made; one line, without anything of its content."""


def place(key_file: Path | None, folder: Path) -> Path:
    """Where the key pair is: the operator's file, or the data folder's own."""
    return key_file or folder / FILE_NAME


def load_or_make(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key pair of `path`, made (mode 0400) if there is none; whoever makes it first, all get the same.

    Raises VapidError.
    """
    if not path.exists():
        try:
            _make(path)
        except OSError as problem:
            raise VapidError(f"{path}: cannot be made: {problem.strerror}") from None
    return load(path)


def load(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key pair of `path`. Raises VapidError."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as problem:
        raise VapidError(f"{path}: cannot be read: {problem.strerror}") from None
    except (ValueError, TypeError):  # TypeError: it has a password
        raise VapidError(f"{path}: is no private key (PEM, without password)") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise VapidError(f"{path}: is no key of the curve P-256")
    return key


def check_same(path: Path, pem: bytes) -> None:
    """That `path` holds this key pair or none at all. Raises VapidError."""
    try:
        is_other = path.exists() and path.read_bytes() != pem
    except OSError as problem:
        raise VapidError(f"{path}: cannot be read: {problem.strerror}") from None
    if is_other:
        raise VapidError(f"{path}: is not the backup's key pair, to which its browsers are bound: move it away")


def put_back(path: Path, pem: bytes) -> bool:
    """Let `path` hold this key pair (mode 0400); False where it does already. Raises VapidError."""
    check_same(path, pem)
    if path.exists():
        return False
    try:
        _write_once(path, pem)
    except OSError as problem:
        raise VapidError(f"{path}: cannot be made: {problem.strerror}") from None
    check_same(path, pem)
    return True


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """What a page hands to `pushManager.subscribe` and a sender writes as `k=`: base64url of the 65 bytes, unpadded."""
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def _make(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_once(path, pem)


def _write_once(path: Path, pem: bytes) -> None:
    """Written whole and then given its name, which fails where another process was faster: then that one's counts."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:
        os.fchmod(file.fileno(), MODE)
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
