"""What the API counts; `/metrics` on the admin port shows it.

The rule to remember: a label takes values from our own lists, never from a request, so that nobody fills our memory.
"""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)

REQUESTS = Counter("flashwire_http_requests_total", "Requests answered.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("flashwire_http_request_seconds", "Time to answer a request.", ["route"], buckets=SECONDS)
APPENDS = Counter("flashwire_appends_total", "Verbs that an editor was told are done; `again` for a repetition.",
                  ["verb", "again"])  # fmt: skip
APPEND_SECONDS = Histogram("flashwire_append_seconds", "Time from a request that is read to a durable revision that "
                           "this process shows.", ["verb"], buckets=SECONDS)  # fmt: skip
EPOCHS_CHANGED = Counter("flashwire_epochs_changed", "Wires that began another life because history was lost or forked")
DISK_FREE_BYTES = Gauge("flashwire_disk_free_bytes", "What is free on the disk of data_dir.")
DISK_LOW = Gauge("flashwire_disk_low", "1 while less than disk_free_min_bytes is free on the disk of data_dir.")

WRONG_KEYS = Counter("flashwire_wrong_keys_total", "Keys that are nobody's; `refused` where there were too many of "
                     "them.", ["refused"])  # fmt: skip
RATE_LIMITED = Counter("flashwire_rate_limited_total", "Writes refused because their key had done too many.")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def count_request(route: str, method: str, status: int, seconds: float | None) -> None:
    """Count one answered request; `route` is a path template of ours, `seconds` None where nobody measured."""
    REQUESTS.labels(route, method if method in METHODS else "other", str(status)).inc()
    if seconds is not None:
        REQUEST_SECONDS.labels(route).observe(seconds)


def count_verb(verb: str, again: bool, seconds: float) -> None:
    """Count a verb that was done, or was found to be done already."""
    APPENDS.labels(verb, "true" if again else "false").inc()
    APPEND_SECONDS.labels(verb).observe(seconds)
