"""The load generator: built once from the kit beside the project into a temporary folder.

The rule to remember: it measures others as well as us, so it is not part of us: BENCH_KIT names its folder.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KIT = "BENCH_KIT"
DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "bench"


class NoKit(Exception):
    """The kit or its compiler is not here; the message says what to do."""


def source() -> Path:
    """The kit's own folder. Raises NoKit."""
    folder = Path(os.environ.get(KIT, DEFAULT))
    if not (folder / "wsfan.c").is_file():
        raise NoKit(f"no load generator in {folder}: name the folder of the benchmark kit with {KIT}")
    return folder


def built() -> Path:
    """Where it is built, or would be; what a peer needs may be installed there."""
    return Path(tempfile.gettempdir()) / f"flashwire-kit-{os.getuid()}"


def build() -> Path:
    """A folder with `wsfan` and, where liburing is installed, `cbcast`. Raises NoKit."""
    if shutil.which("cc") is None:
        raise NoKit("no C compiler: apt-get install gcc")
    place = built()
    shutil.copytree(source(), place, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for script in place.rglob("*.py"):
        script.chmod(0o755)
    subprocess.run(["cc", "-O2", "-o", "wsfan", "wsfan.c", "-lm"], cwd=place, check=True)
    if subprocess.run(["cc", "-O2", "-o", "cbcast", "cbcast.c", "-luring"], cwd=place, capture_output=True).returncode:
        print("- the C floor cannot be built: apt-get install liburing-dev", file=sys.stderr)
    return place
