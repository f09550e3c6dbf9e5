"""A hotel's network between a browser and us: until somebody logs in, every request is answered with its own page.

The rule to remember: it says 200. Nothing tells its page from an answer of ours but what stands in it.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

LOG_IN = b"<!doctype html><title>Hotel</title><p>Log in to use this network"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(LOG_IN), LOG_IN)
)


class Portal:
    """Who asks at `url` is led to the server of another, or nowhere while it is closed."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{parts.scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[str] = []
        """The requests that were answered with its own page, first lines."""
        self._closed = False
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Cut whoever is connected, and let nobody through."""
        self._closed = True
        self._cut()

    def open(self) -> None:
        """Somebody has logged in."""
        self._closed = False

    def end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()
        for thread in self._threads:
            thread.join()

    def _cut(self) -> None:
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._start(self._answer if self._closed else self._carry, near)

    def _start(self, work: object, *sockets: socket.socket) -> None:
        thread = threading.Thread(target=work, args=sockets)  # type: ignore[arg-type]  # both take sockets
        self._threads.append(thread)
        thread.start()

    def _answer(self, near: socket.socket) -> None:
        with self._held(near), contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head and (came := near.recv(65_536)):
                head += came
            if head:
                self.asked.append(head.split(b"\r\n")[0].decode())
                near.sendall(ANSWER)

    def _carry(self, near: socket.socket) -> None:
        far = socket.create_connection(self._target)
        with self._held(near), self._held(far):
            back = threading.Thread(target=self._one_way, args=(far, near))
            back.start()
            self._one_way(near, far)
            back.join()

    @contextmanager
    def _held(self, one: socket.socket) -> Iterator[None]:
        self._open.add(one)
        try:
            yield
        finally:
            self._open.discard(one)
            one.close()

    @staticmethod
    def _one_way(near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while came := near.recv(65_536):
                far.sendall(came)
        for end in (near, far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def portal_to(target: str) -> Iterator[Portal]:
    """A network that lets everybody through."""
    portal = Portal(target)
    try:
        yield portal
    finally:
        portal.end()
