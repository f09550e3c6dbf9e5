"""The policy of a page that loads nothing but the style that stands in it."""

import hashlib
from base64 import b64encode


def policy(style: str) -> str:
    """Its Content-Security-Policy: that very style, by its digest, and nothing else."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
