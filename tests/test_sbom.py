"""The bill of materials tells what is installed: all of the lock, and whoever installs us gets it along."""

import json
import re
import zipfile
from pathlib import Path

from tests.sbom import BILL, LOCK, text
from tests.test_house import ROOT, said

PURL = re.compile(r"pkg:pypi/[a-z0-9-]+@[0-9][0-9A-Za-z.!+-]*")


def test_the_bill_of_materials_is_that_of_the_lock() -> None:
    assert BILL.read_text(encoding="utf-8") == text(), "write it again: python -m tests.sbom"


def test_every_line_of_the_lock_that_is_installed_stands_in_it_once() -> None:
    locked = [line.split()[0] for line in LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith(" ")]
    components = json.loads(BILL.read_text(encoding="utf-8"))["components"]
    assert [f"{one['name']}=={one['version']}" for one in components] == locked
    for one in components:
        assert PURL.fullmatch(one["purl"]), one
        assert one["purl"] == one["bom-ref"] == f"pkg:pypi/{one['name']}@{one['version']}"


def test_whoever_installs_us_has_it(tmp_path: Path) -> None:
    result = said("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        (place,) = [name for name in packed.namelist() if name.endswith(".dist-info/sboms/sbom.cdx.json")]
        assert packed.read(place) == BILL.read_bytes()
    copied = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY setup")]
    assert "sbom.cdx.json" in copied[0].split()
