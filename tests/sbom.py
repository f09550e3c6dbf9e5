"""sbom.cdx.json: what an installation is made of, as CycloneDX has it, read from the lock.

The rule to remember: nobody writes it by hand, and it has no date. `python -m tests.sbom` writes it again, and
tests/test_sbom.py fails while it differs from requirements.lock, which is what gets installed.
"""

import hashlib
import json
import tomllib
from typing import Any

from tests.test_house import PINNED, ROOT

LOCK = ROOT / "requirements.lock"
BILL = ROOT / "sbom.cdx.json"


def bill() -> dict[str, Any]:
    """The bill of materials as it should be."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = LOCK.read_text(encoding="utf-8")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                **_component("application", project["name"], project["version"]),
                "licenses": [{"license": {"id": project["license"]}}],
            },
            # the hashes of every file that may be installed stand in the lock itself
            "properties": [_property("lock:sha256", hashlib.sha256(lock.encode()).hexdigest())],
        },
        "components": [
            {
                **_component("library", name, version),
                **({"properties": [_property("only", marker)]} if marker else {}),
            }
            for name, version, marker in PINNED.findall(lock)
        ],
    }


def text() -> str:
    return json.dumps(bill(), indent=1) + "\n"


def _component(kind: str, name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}"
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": f"flashwire:{name}", "value": value}


if __name__ == "__main__":
    BILL.write_text(text(), encoding="utf-8")
