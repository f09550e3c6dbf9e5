"""Settings of a sender that is to use the sandbox of its data folder.

The rule to remember: the sandbox takes the place of a provider only where that has no credentials of its own.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from config.settings import Settings


def with_sandbox(settings: Settings) -> Settings:
    """The settings with the sandbox in place of every provider that has no credentials of its own."""
    there = json.loads((settings.data_dir / "sandbox" / "sandbox.json").read_text(encoding="utf-8"))
    changes: dict[str, Any] = {
        "webpush_hosts": (*settings.webpush_hosts, *there["webpush_hosts"]),
        "provider_ca_file": settings.provider_ca_file or Path(there["provider_ca_file"]),
    }
    if settings.apns_key_file is None:
        changes |= {"apns_url": there["apns"], "apns_key_file": Path(there["apns_key_file"])}
        changes |= {name: there[name] for name in ("apns_key_id", "apns_team_id", "apns_topic")}
    if settings.fcm_credentials_file is None:
        changes |= {"fcm_url": there["fcm"], "fcm_credentials_file": Path(there["fcm_credentials_file"])}
    return dataclasses.replace(settings, **changes)
