"""Processes of ours as children: the same program with another command, its settings as its environment.

The rule to remember: a child learns everything from its environment, so all of our variables are made from the settings
that it is to have; none is passed on by accident.
"""

import os
import sys
from collections.abc import Mapping

from config.settings import CONFIG_FILE, PREFIX, PROGRAM, Settings, to_environ
from service.addresses import reachable_host
from service.supervisor import MUTE_S, Child, Probe

KEPT = (CONFIG_FILE, PROGRAM)
"""Variables of ours that children get as they are."""


def child(
    name: str, words: tuple[str, ...], settings: Settings, environ: Mapping[str, str], mute_s: float = MUTE_S
) -> Child:
    """`flashwire <words>` under those settings, watched at their admin port; it leaves when we are gone."""
    kept = {name: value for name, value in environ.items() if not name.startswith(PREFIX) or name in KEPT}
    command = (sys.executable, "-m", "service.cli", *words, "--parent", str(os.getpid()))
    host = reachable_host(settings.host).strip("[]")
    return Child(name, command, {**kept, **to_environ(settings)}, Probe(host, settings.admin_port, mute_s))
