"""What a gateway process says and costs, looked at from outside."""

import re
import urllib.request
from pathlib import Path

KIB = 1024
LISTENING = "0A"


def connections(*ports: int) -> int:
    """How many connections to these ports of ours some process still has open."""
    found = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        found += int(local.partition(":")[2], 16) in ports and state != LISTENING and inode != "0"
    return found


def resident_bytes(pid: int) -> int:
    """The memory it holds."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * KIB


def metric(admin_port: int, name: str) -> float:
    """A metric without labels, or the sum over all of them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    values = re.findall(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+-]+)$", text, re.MULTILINE)
    assert values, f"no metric {name}"
    return sum(map(float, values))
