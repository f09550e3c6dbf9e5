"""What a gateway process counts, by the field's names and with units."""

from prometheus_client import Counter, Gauge, Histogram

SOCKETS = Gauge("flashwire_sockets", "Open live streams", ["edition", "encoding"])
LAGGARDS = Gauge("flashwire_laggards", "Readers whose socket is full and who are catching up from the ring")
JOINS = Counter("flashwire_joins", "Live streams opened", ["first"])
REFUSED = Counter("flashwire_refused_connections", "Connections that became no stream", ["reason"])
EVICTED = Counter("flashwire_evicted_slow", "Readers closed with 4409")
FAULTS = Counter("flashwire_reader_faults", "Readers closed for a protocol fault or a flood")
DELIVERIES = Counter("flashwire_deliveries", "Revisions written to readers", ["edition"])
SNAPSHOTS = Counter("flashwire_snapshots_built", "Snapshots encoded (many readers share one)", ["reason"])
BROADCAST_S = Histogram(
    "flashwire_broadcast_seconds", "From the first to the last write of a broadcast",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)  # fmt: skip
LOOP_STALL_S = Gauge("flashwire_loop_stall_seconds", "Longest time in the last 10 s that the loop was not free")
REPORTS_DROPPED = Counter("flashwire_socket_reports_dropped", "Revisions whose sockets no delivery report will know")
