"""Whatever a client sends, the stand-ins go on serving the others."""

import asyncio
import os
import random
import ssl

import pytest

from tests.sandbox.conftest import Running
from tests.sandbox.requests_as_documented import access_token, new_key, send, subscribe, to_apple, to_browser, to_google

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SEED = 4
ROUNDS = 60


def rubbish(chance: random.Random) -> bytes:
    """A frame of HTTP/2 with any type, flags and stream, or bytes of no meaning at all."""
    body = chance.randbytes(chance.choice([0, 1, 4, 8, 100, 5000]))
    frame = len(body).to_bytes(3, "big") + bytes([chance.randrange(11), chance.randrange(256)])
    settings = bytes(9)[:3] + b"\x04" + bytes(5)
    return PREFACE + settings + frame + chance.randrange(2**31).to_bytes(4, "big") + body


async def talk(running: Running, url: str, said: bytes, *protocols: str) -> None:
    """Say it, and leave once the other side has said everything or nothing for a while."""
    trust = ssl.create_default_context(cafile=running.where.provider_ca_file)
    if protocols:
        trust.set_alpn_protocols(list(protocols))
    reader, writer = await asyncio.open_connection("localhost", int(url.rpartition(":")[2]), ssl=trust)
    writer.write(said)
    try:
        async with asyncio.timeout(0.2):
            await reader.read()
    except (TimeoutError, OSError):
        pass
    writer.transport.abort()


async def test_rubbish_ends_its_own_connection_and_no_other(sandbox: Running, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(SEED)
    where = (sandbox.where.apns, sandbox.where.fcm, sandbox.where.webpush)
    talks = [talk(sandbox, chance.choice(where), rubbish(chance), "h2") for _ in range(ROUNDS)]
    talks += [talk(sandbox, url, os.urandom(300)) for url in where]
    talks += [talk(sandbox, url, b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "http/1.1") for url in where[1:]]
    await asyncio.gather(*talks)

    key = new_key()
    right = [
        to_apple(sandbox),
        to_google(sandbox, await access_token(sandbox)),
        to_browser(sandbox, await subscribe(sandbox), key),
    ]
    assert [answer.status_code for answer in await send(sandbox, *right)] == [200, 200, 201]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_body_without_end_is_cut_off(sandbox: Running) -> None:
    head = b"POST /push/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with asyncio.timeout(60):
        trust = ssl.create_default_context(cafile=sandbox.where.provider_ca_file)
        port = int(sandbox.where.webpush.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
        writer.write(head)
        for _ in range(17):  # more than 1 MiB
            writer.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
        assert b" 413 " in await reader.readline()
        writer.transport.abort()
