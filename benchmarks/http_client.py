"""HTTP clients towards Apple and Google: what one request costs the sending process, ours beside others.

The rule to remember: each client is a process of its own on a core of its own, sends the same requests with as many
under way, and is asked for its CPU time after a warm-up. Rounds are interleaved, and a ratio is of one round.
"""

import asyncio
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from benchmarks import sink
from benchmarks.figure import Figure

ROUNDS = 7
UNDER_WAY = 100
WARM_UP = 200
REQUESTS = {"ours": 4000, "by hand": 1000, "aioapns": 1000, "httpx": 300}
SENDER_CPU, SINK_CPU = "0", "1"
PATH = "/3/device/" + "0123456789abcdef" * 4
HEADERS = (
    ("authorization", "bearer " + "x" * 180),
    ("apns-topic", "org.example.news"),
    ("apns-push-type", "alert"),
    ("apns-collapse-id", "7Q0F8R2K5M9TB4W6YE3XCZ01JV"),
    ("apns-priority", "10"),
    ("apns-expiration", "1795000000"),
)
BODY = b'{"aps":{"alert":{"title":"Urgent","body":"Rain reaches the coast after a dry month"}}}'.ljust(900)

Send = Callable[[], Awaitable[int]]
"""One request; the status of its answer."""


def run() -> list[Figure]:
    """Each client against the sink, seven times round. Raises kit.NoKit."""
    with sink.running(SINK_CPU) as running:
        rounds = [{name: _measure(name, running) for name in REQUESTS} for _ in range(ROUNDS)]
    costs = {name: median(costs[name] for costs in rounds) for name in REQUESTS}
    others = ", ".join(f"{name} {costs[name]:.0f}" for name in REQUESTS if name not in ("ours", "httpx"))
    return [
        Figure.of(
            "CPU per HTTP/2 request ÷ httpx", (costs["ours"] / costs["httpx"] for costs in rounds), "", 0.15, 0.05,
            f"µs: ours {costs['ours']:.0f}, httpx {costs['httpx']:.0f}, {others}",
        )
    ]  # fmt: skip


def _measure(name: str, running: sink.Sink) -> float:
    """CPU microseconds a request, as a process of its own has measured them."""
    command = ["taskset", "-c", SENDER_CPU, sys.executable, "-m", "benchmarks.http_client", name, running.url]
    answer = subprocess.run([*command, str(running.certificate)], check=True, stdout=subprocess.PIPE, text=True)
    return float(answer.stdout)


async def _ours(url: str, certificate: str) -> Send:
    from workers.push.http import Answer, Http

    http = Http(5.0, [ssl.PEM_cert_to_DER_cert(certificate)], only_http2=True)

    async def send() -> int:
        answer = await http.post(url + PATH, HEADERS, BODY)
        assert isinstance(answer, Answer), answer
        return answer.status

    return send


async def _httpx(url: str, certificate: str) -> Send:
    import httpx

    trusting = ssl.create_default_context(cadata=certificate)
    client = httpx.AsyncClient(http1=False, http2=True, verify=trusting, timeout=5.0)

    async def send() -> int:
        return (await client.post(url + PATH, headers=list(HEADERS), content=BODY)).status_code

    return send


async def _aioapns(url: str, certificate: str) -> Send:
    """Another's sender for Apple alone, its own HTTP/2 on the `h2` library."""
    import aioapns
    from aioapns.connection import APNsProductionClientProtocol as Apple
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    host, port = url.removeprefix("https://").split(":")
    Apple.APNS_SERVER, Apple.APNS_PORT = host, int(port)
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    trusting = ssl.create_default_context(cadata=certificate)
    trusting.set_alpn_protocols(["h2"])
    apns = aioapns.APNs(
        key=key.decode(), key_id="KEY4567890", team_id="TEAM567890", topic="org.example.news", max_connections=1,
        ssl_context=trusting,
    )  # fmt: skip
    message = json.loads(BODY)
    message["pad"] = "x" * (len(BODY) - len(BODY.rstrip()) - 10)

    async def send() -> int:
        request = aioapns.NotificationRequest(
            device_token="0123456789abcdef" * 4, message=message, collapse_key="7Q0F8R2K5M9TB4W6YE3XCZ01JV"
        )
        return int((await apns.send_notification(request)).status)

    return send


async def _by_hand(url: str, certificate: str) -> Send:
    """The `h2` library on asyncio's streams, with nothing around it: the floor of pure Python."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import ResponseReceived, StreamEnded

    host, port = url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cadata=certificate)
    context.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    connection = H2Connection(H2Configuration(header_encoding=None))
    connection.initiate_connection()
    statuses: dict[int, int] = {}
    waiting: dict[int, asyncio.Future[int]] = {}
    head = [(":method", "POST"), (":scheme", "https"), (":authority", f"{host}:{port}"), (":path", PATH), *HEADERS]

    async def read() -> None:
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, ResponseReceived):
                    statuses[event.stream_id] = int(dict(event.headers)[b":status"])
                elif isinstance(event, StreamEnded):
                    waiting.pop(event.stream_id).set_result(statuses.pop(event.stream_id))
            writer.write(connection.data_to_send())

    reading: list[asyncio.Task[None]] = []
    """Kept by `send`, so that it lives as long."""

    async def send() -> int:
        assert not reading[0].done(), "the sink has hung up"
        stream = connection.get_next_available_stream_id()
        waiting[stream] = asyncio.get_running_loop().create_future()
        connection.send_headers(stream, head)
        connection.send_data(stream, BODY, end_stream=True)
        writer.write(connection.data_to_send())
        return await waiting[stream]

    reading.append(asyncio.create_task(read()))
    return send


CLIENTS = {"ours": _ours, "by hand": _by_hand, "aioapns": _aioapns, "httpx": _httpx}


async def _sender(name: str, url: str, certificate: str) -> float:
    send = await CLIENTS[name](url, certificate)

    async def one_after_the_other(count: int) -> None:
        for _ in range(count):
            assert await send() == 200

    await one_after_the_other(1)
    await asyncio.gather(*(one_after_the_other(WARM_UP // UNDER_WAY) for _ in range(UNDER_WAY)))
    count = REQUESTS[name] // UNDER_WAY
    begun_s = time.process_time()
    await asyncio.gather(*(one_after_the_other(count) for _ in range(UNDER_WAY)))
    return (time.process_time() - begun_s) / (count * UNDER_WAY) * 1e6


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as our push workers run
        print(runner.run(_sender(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text())))
