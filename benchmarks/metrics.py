"""What a process says of itself on its admin port."""

import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping


def scrape(port: int) -> Mapping[str, float]:
    """Each metric, summed over its labels; 0 for one that is not there. Raises OSError."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return parse(answer.read().decode().splitlines())


def parse(lines: Iterable[str]) -> Mapping[str, float]:
    """The same from the text."""
    found: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name.partition("{")[0]] += float(value)
    return found
