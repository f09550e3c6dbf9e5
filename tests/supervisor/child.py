"""A child to supervise: answers /healthz and /readyz on a port, in the way its second argument asks for.

    python child.py PORT FOLDER steady|deaf|fails

It leaves FOLDER/started-PID behind, and FOLDER/asked-PORT once it got SIGTERM.
"""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    port, folder, manner = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    (folder / f"started-{os.getpid()}").touch()
    if manner == "fails":
        sys.exit(3)
    server = HTTPServer(("127.0.0.1", port), Answers)

    def asked(_number: int, _frame: object) -> None:
        (folder / f"asked-{port}").write_text(str(time.monotonic_ns()))
        if manner != "deaf":
            threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, asked)
    server.serve_forever(0.01)


main()
