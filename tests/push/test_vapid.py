"""The key pair that names us to browsers: made once, the same for all, and nobody else's to read."""

import base64
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from service import vapid


def test_the_key_pair_is_made_once_and_then_only_read(tmp_path: Path) -> None:
    path = tmp_path / vapid.FILE_NAME
    first = vapid.public_key(vapid.load_or_make(path))
    content = path.read_bytes()
    assert vapid.public_key(vapid.load_or_make(path)) == first
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o400
    assert [child.name for child in tmp_path.iterdir()] == [vapid.FILE_NAME]


def test_whoever_makes_it_at_the_same_moment_gets_the_same(tmp_path: Path) -> None:
    found: list[str] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        found.append(vapid.public_key(vapid.load_or_make(tmp_path / vapid.FILE_NAME)))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_public_key_is_what_a_browser_wants(tmp_path: Path) -> None:
    key = vapid.load_or_make(tmp_path / vapid.FILE_NAME)
    told = vapid.public_key(key)
    point = base64.urlsafe_b64decode(told + "=")
    assert len(told) == 87
    assert ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point) == key.public_key()


@pytest.mark.parametrize("content", [b"", b"SECRET"])
def test_a_broken_file_is_told_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / vapid.FILE_NAME
    path.write_bytes(content)
    with pytest.raises(vapid.VapidError) as caught:
        vapid.load_or_make(path)
    assert "SECRET" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(vapid.VapidError, match="cannot be made"):
        vapid.load_or_make(tmp_path / "nowhere" / vapid.FILE_NAME)
