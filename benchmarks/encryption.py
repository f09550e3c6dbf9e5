"""Web Push encryption: the CPU of one message, against pywebpush, in interleaved rounds of one process.

The rule to remember: both make a fresh key pair for every message, which with the exchange is most of the work and the
same OpenSSL for both; what can differ is all the rest. What one key pair for many messages would save (not our way: RFC
8291 wants a new one) is measured beside it.
"""

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from time import process_time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.figure import Figure
from service.domain.device import Subscription
from workers.push.encryption import encrypt

ROUNDS, MESSAGES = 11, 500
PLAINTEXT_BYTES = 700
"""A notification with a headline of usual length."""


def run(rounds: int = ROUNDS, messages: int = MESSAGES) -> list[Figure]:
    """Measure; about two seconds."""
    from pywebpush import WebPusher  # type: ignore[import-untyped]

    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    p256dh, auth = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), os.urandom(16)
    subscription = Subscription("https://push.example/1", p256dh, auth)
    theirs = {"endpoint": subscription.endpoint, "keys": {"p256dh": _base64url(p256dh), "auth": _base64url(auth)}}
    plaintext, shared = os.urandom(PLAINTEXT_BYTES), ec.generate_private_key(ec.SECP256R1())
    rounds_us = [
        (
            _cpu_us(lambda: encrypt(plaintext, subscription), messages),
            _cpu_us(lambda: WebPusher(theirs).encode(plaintext), messages),
            _cpu_us(lambda: encrypt(plaintext, subscription, private_key=shared), messages),
        )
        for _ in range(rounds + 1)
    ][1:]  # the first round warms up
    return [
        Figure.of("Web Push encryption: CPU per message", (ours for ours, _, _ in rounds_us), "µs"),
        Figure.of("pywebpush: CPU per message", (peer for _, peer, _ in rounds_us), "µs"),
        Figure.of("Web Push encryption ÷ pywebpush", (ours / peer for ours, peer, _ in rounds_us), "", 0.65, 0.55),
        Figure.of("  the same with one key pair for many messages", (saved / peer for _, peer, saved in rounds_us)),
    ]


def _cpu_us(act: Callable[[], object], times: int) -> float:
    began_s = process_time()
    for _ in range(times):
        act()
    return (process_time() - began_s) / times * 1e6


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
