"""`flashwire devices`: how many there are, and how they come and go in bulk.

The rule to remember: tokens are personal data. They leave by `export` alone, which is asked for by name, and no message
of any command repeats one.
"""

import os
import sys
import zoneinfo
from collections.abc import Iterator
from typing import IO, Any

import click
import msgspec

from service.clock import now_ms
from service.commands.asking import sandbox_url
from service.commands.ground import JSON, Failed, InWorkingOrder, print_json, read_settings, with_store
from service.commands.seeding import MIX, WITHOUT_WEB, Inventor, NoSandbox, subscriptions
from service.domain import census, strictjson
from service.domain import newsroom as newsrooms
from service.domain.device import PLATFORMS, Platform
from service.domain.errors import Invalid
from service.domain.registration import Registration, Rules, body_of, check_registration
from service.domain.strictjson import Malformed
from service.store import devices as registry
from service.store.connection import Store

AT_ONCE = 500
"""Devices of one round trip to the store: some 50 ms, so that other clients of the store hardly wait."""
LINE_MAX_BYTES = 16_384
"""As much as the body of a registration may have."""


@click.group(cls=InWorkingOrder)
def devices() -> None:
    """Count the registered devices, move them, or invent some.

    Works on the store itself: that of FLASHWIRE_REDIS_URL, or of the `flashwire up` that is running on the data folder.
    """


@devices.command()
@JSON
def stats(as_json: bool) -> None:
    """Show how many devices there are, by platform and edition."""
    counts, tombstones = with_store(_read_counts)
    platforms, editions, drills = census.by_platform(counts), census.by_edition(counts), census.for_drills(counts)
    if as_json:
        print_json({"devices": platforms, "editions": editions, "test": drills, "tombstones": tombstones})
        return
    click.echo(f"{'':12}" + "".join(f"{platform:>12}" for platform in PLATFORMS))
    for name, row in {**editions, "all": platforms}.items():
        click.echo(f"{name:12}" + "".join(f"{row[platform]:>12,}" for platform in PLATFORMS))
    click.echo(f"\nA device that reads several editions stands in each. {drills:,} of all are test devices.")
    click.echo(f"{tombstones:,} more are gone, their providers say; after 30 days they are forgotten.")


@devices.command(name="import")
@click.argument("file", type=click.File("rb"))
@JSON
def import_devices(file: IO[bytes], as_json: bool) -> None:
    """Register the devices that FILE lists.

    One JSON object a line, as for POST /v1/devices; "-" is standard input. A device whose token is known stays as it
    is. Nobody has the secrets of those that are new: their apps get one when they register the next time. Lines that
    are refused are named, and the others go on; the exit code is then 1.

    \b
    flashwire devices export > devices.jsonl
    FLASHWIRE_REDIS_URL=redis://elsewhere flashwire devices import devices.jsonl
    """
    settings = read_settings()
    newsroom = newsrooms.from_config(settings.newsroom)
    rules = Rules(newsroom, frozenset(zoneinfo.available_timezones()), settings.webpush_hosts)
    lines = _Lines(file, rules)
    new, known = with_store(lambda store: _import(store, lines))
    if as_json:
        print_json({"imported": new, "known": known, "refused": lines.refused})
    else:
        click.echo(f"{new:,} devices imported, {known:,} known already, {lines.refused:,} lines refused.")
    if lines.refused:
        sys.exit(1)


@devices.command(name="export")
def export_devices() -> None:
    """Print all devices, as `import` takes them.

    One JSON object a line, whose token is personal data. Without the devices that are gone, and without secrets: of
    those only digests are kept.
    """
    count = with_store(_export)
    click.echo(f"{count:,} devices exported.", err=True)


@devices.command()
@click.argument("number", type=click.IntRange(1, 10_000_000))
@click.option("--edition", help="The only edition that they read. Default: all of them.")
@click.option("--platform", type=click.Choice(PLATFORMS), help="Default: 45 % apns, 45 % fcm, 10 % webpush.")
@JSON
def seed(number: int, edition: str | None, platform: Platform | None, as_json: bool) -> None:
    """Invent NUMBER devices, to see a fan-out. Never in production.

    Those of browsers come from the sandbox that `flashwire up` runs; without it there are none.

    \b
    flashwire devices seed 10000
    flashwire devices seed 500 --edition ar --platform fcm
    """
    settings = read_settings()
    if settings.environment == "production":
        raise Failed("this is production (FLASHWIRE_ENVIRONMENT): invented devices would be sent to for real")
    editions = [known.edition for known in newsrooms.from_config(settings.newsroom).editions]
    if edition is not None and edition not in editions:
        raise Failed(f"there is no edition {edition}; there are {', '.join(editions)}")
    sandbox = sandbox_url(settings)
    platforms = _platforms(platform, sandbox)
    inventor = Inventor(platforms, [edition] if edition else editions, sandbox)
    made = with_store(lambda store: _seed(store, inventor, number))
    if as_json:
        print_json({"seeded": made})
    else:
        click.echo(f"{sum(made.values()):,} devices: " + ", ".join(f"{made[name]:,} {name}" for name in PLATFORMS))


class _Lines:
    """The registrations of a file; lines that are none are told and counted."""

    def __init__(self, file: IO[bytes], rules: Rules) -> None:
        self._file = file
        self._rules = rules
        self.refused = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[Registration]:
        number = 0
        while line := self._file.readline(LINE_MAX_BYTES + 1):
            number += 1
            self.bytes_read += len(line)
            if len(line) > LINE_MAX_BYTES:
                self._skip_rest(line)
                self._refuse(number, f"is longer than {LINE_MAX_BYTES} bytes")
            elif line.strip():
                try:
                    yield check_registration(strictjson.parse(line.strip()), self._rules)
                except (Malformed, Invalid) as problem:
                    self._refuse(number, str(problem))

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._file.readline(LINE_MAX_BYTES)
            self.bytes_read += len(line)

    def _refuse(self, number: int, why: str) -> None:
        self.refused += 1
        click.echo(f"line {number}: {why}", err=True)


async def _read_counts(store: Store) -> tuple[dict[str, int], int]:
    return await registry.counts(store), await registry.tombstones(store)


async def _import(store: Store, lines: _Lines) -> tuple[int, int]:
    """How many were new and how many known."""
    new = known = shown = 0
    batch: list[Registration] = []

    async def flush() -> None:
        nonlocal new, known
        made = await registry.register_all(store, batch, now_ms(), only_new=True)
        fresh = sum(registered.is_new for registered in made)
        new, known = new + fresh, known + len(made) - fresh
        batch.clear()

    with _progress("Importing", _size(lines._file)) as bar:
        for registration in lines:
            batch.append(registration)
            if len(batch) == AT_ONCE:
                await flush()
                bar.update(lines.bytes_read - shown)
                shown = lines.bytes_read
        if batch:
            await flush()
        bar.update(lines.bytes_read - shown)
    return new, known


async def _export(store: Store) -> int:
    count = 0
    blocks = [(platform, block) for platform in PLATFORMS for block in range(await registry.blocks(store, platform))]
    with _progress("Exporting", len(blocks)) as bar:
        for platform, block in blocks:
            for device in await registry.read_block(store, platform, block):
                if device.gone_ms is None:
                    click.echo(msgspec.json.encode(body_of(device)))
                    count += 1
            bar.update(1)
    return count


async def _seed(store: Store, inventor: Inventor, number: int) -> dict[Platform, int]:
    made: dict[Platform, int] = dict.fromkeys(PLATFORMS, 0)
    with _progress("Seeding", number) as bar:
        for done in range(0, number, AT_ONCE):
            try:
                batch = inventor.take(min(AT_ONCE, number - done))
            except NoSandbox as gone:
                raise Failed(f"the sandbox is gone after {done:,} devices: {gone}") from None
            await registry.register_all(store, batch, now_ms())
            for registration in batch:
                made[registration.platform] += 1
            bar.update(len(batch))
    return made


def _platforms(chosen: Platform | None, sandbox: str) -> tuple[Platform, ...]:
    """In which turn platforms are made; without the sandbox no browsers."""
    platforms = MIX if chosen is None else (chosen,)
    if "webpush" in platforms:
        try:
            subscriptions(sandbox, 1)
        except NoSandbox as gone:
            if chosen is not None:
                raise Failed(f"no sandbox, and so no browsers: {gone}") from None
            click.echo(f"No sandbox, and so no browsers, only apns and fcm: {gone}", err=True)
            return WITHOUT_WEB
    return platforms


def _progress(label: str, length: int) -> Any:
    """A bar on standard error; only where a person looks at it."""
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())


def _size(file: IO[bytes]) -> int:
    """The bytes of a regular file; 0 for what has no size, such as a pipe."""
    try:
        return os.fstat(file.fileno()).st_size
    except (OSError, ValueError):
        return 0
