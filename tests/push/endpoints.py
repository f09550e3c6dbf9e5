"""Addresses that a browser's subscription must not make us connect to, and somebody who listens there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.ports import free_ports

HOSTILE = [
    *(f"{scheme}://{{port}}.push.example.test/" for scheme in ("http", "ftp", "file", "gopher", "ws", "javascript")),
    *(
        f"https://{host}:{{port}}/x"
        for host in (
            "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0",
            "0.0.0.0", "127.000.000.001", "127.0.0.1.", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "[fe80::1%25lo]", "localhost", "LOCALHOST", "localhost.",
            "①②⑦.0.0.1", "127。0。0。1", "127%2e0%2e0%2e1", "10.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.169.254",
            "[fd00:ec2::254]", "metadata.google.internal", "100.100.100.200",
            "push.example.test", "inside.push.example.test",
        )
    ),
    "https://push.example.test@127.0.0.1:{port}/",
    "https://push.example.test:x@127.0.0.1:{port}/",
    "https://push.example.test:{port}@localhost/",
    "https://127.0.0.1:{port}\\@push.example.test/",
    "https://push.example.test\\@127.0.0.1:{port}/",
    "https://push.example.test#@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}#.push.example.test/",
    "https://127.0.0.1:{port}?.push.example.test",
    "https://push.example.test.127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\t.push.example.test/",
    "https://127.0.0.1:{port}\r\nHost: push.example.test/",
    "https://push.example.test\x00.127.0.0.1:{port}/",
    "https:/127.0.0.1:{port}/",
    "https:127.0.0.1:{port}",
    "https:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "https:\\\\127.0.0.1:{port}\\",
    "https://evilpush.example.test:{port}/",
    "https://push.example.test:443:{port}/",
    "https://push.example.test:{port}/../@127.0.0.1/",
    "https://push。example。test:{port}/",
    "",
    "https://",
]  # fmt: skip


class Sentinel:
    """Listens on a loopback port and counts who comes."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    def came(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@asynccontextmanager
async def listening(host: str | None = None) -> AsyncIterator[Sentinel]:
    """On every interface, IPv4 and IPv6, unless `host` is one."""
    sentinel = Sentinel()
    (sentinel.port,) = free_ports(1)  # given, so that it is the same for both families
    listener = await asyncio.start_server(sentinel.came, host, sentinel.port)
    try:
        yield sentinel
    finally:
        listener.close()
