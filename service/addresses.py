"""Where this machine's processes are reached: what stands in URLs that readers, editors and commands use.

The rule to remember: an address to listen on is not always one to connect to; 0.0.0.0 and :: mean every interface.
"""

from urllib.parse import urlsplit

from config.settings import Settings
from service.domain.hosts import name_in


def reachable_host(host: str) -> str:
    """The address under which this machine reaches what listens on `host`, as it stands in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def local_url(settings: Settings) -> str:
    """Where this machine itself finds the API, without a slash at the end."""
    return f"http://{reachable_host(settings.host)}:{settings.api_port}"


def public_url(settings: Settings) -> str:
    """Where readers and editors find the API, without a slash at the end."""
    return (settings.public_url or local_url(settings)).rstrip("/")


def live_url(settings: Settings) -> str:
    """Where readers find the gateway, without a slash at the end."""
    return (settings.live_url or f"ws://{reachable_host(settings.host)}:{settings.gateway_port}").rstrip("/")


def sandbox_url(settings: Settings) -> str:
    """Where the sandbox has its page, which is on this machine's loopback alone; without a slash at the end."""
    return f"http://127.0.0.1:{settings.sandbox_port}"


def names(settings: Settings) -> frozenset[str]:
    """The names under which we may be asked; none where any may be used.

    Production takes those that readers are told, unless it has a list; elsewhere a list must be asked for.
    """
    if settings.hosts or settings.environment != "production":
        return frozenset(filter(None, map(name_in, settings.hosts)))
    told = [url for url in (settings.public_url, settings.live_url) if url is not None]
    return frozenset(filter(None, (name_in(urlsplit(url).netloc.rpartition("@")[2]) for url in told)))
