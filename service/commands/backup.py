"""`flashwire backup` and `flashwire restore`: the whole store in one file, and back.

The rule to remember: a backup holds secrets, so it is for its owner alone; and a restore writes nothing before all of
the file was found whole, the store empty and everybody gone.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import click

from config.settings import STORE_USERS, VALKEY_CONF, Settings
from service import vapid
from service.clock import now_ms
from service.commands.ground import JSON, Failed, Misused, print_json, read_settings, start_logs, with_store, write_out
from service.commands.progress import Progress
from service.domain import archive
from service.domain.archive import Damaged, File, Header, Part
from service.domain.errors import StoreUnavailable
from service.ids import new_epoch
from service.program import as_called
from service.store import dump, refill, users
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedError, EmbeddedStore
from service.store.folder import DataFolder, FolderHeld, FolderUnusable

PATIENCE_S = 30.0
"""How long one step of either may take: the store copies a whole wire in one."""
HALF = "a restore into this store has ended half way: run `flashwire restore --force FILE` again"
SECRETS = "It holds secrets (digests of keys, tokens of devices, the key pair of Web Push): keep it as one."


@click.command()
@click.argument("file", metavar="FILE|-")
@JSON
def backup(file: str, as_json: bool) -> None:
    """Write the whole store into one file, while all goes on.

    Alerts, audit, keys, devices, ledgers, and the key pair of Web Push. `-` writes to standard output. It holds
    secrets; the file is for its owner alone (mode 600). Works on the store of FLASHWIRE_REDIS_URL, or of the `flashwire
    up` that is running on the data folder.

    \b
    flashwire backup /backups/flashwire-monday
    flashwire backup - | age -r KEY > flashwire.age
    """
    settings = read_settings()
    start_logs(settings, "backup")
    pair = vapid.place(settings.vapid_key_file, settings.data_dir)
    try:
        pem = pair.read_bytes() if pair.exists() else None
    except OSError as problem:
        raise Failed(f"{pair}: cannot be read: {problem.strerror}") from None
    if file == "-":
        if as_json or sys.stdout.isatty():
            raise Misused(
                "`-` writes the backup itself to standard output: send it into a pipe or a file, without --json"
            )
        told = with_store(lambda store: _dump(store, write_out, pem), PATIENCE_S)
    else:
        try:
            with _replacing(Path(file)) as out:
                told = with_store(lambda store: _dump(store, out.write, pem), PATIENCE_S)
        except OSError as problem:
            raise Failed(f"{file} cannot be written: {problem.strerror}") from None
    if as_json:
        print_json({"file": file, **told})
        return
    click.echo(f"{told['records']:,} records, {told['bytes']:,} bytes. {SECRETS}", err=True)


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--force", is_flag=True, help="Take away first what the store holds of Flashwire's.")
@JSON
def restore(file: str, force: bool, as_json: bool) -> None:
    """Bring a backup into an empty store, with everything stopped.

    The file is checked from end to end before anything is written. Each wire begins another life: every reader gets a
    snapshot, and nobody is rung. Works on the store of FLASHWIRE_REDIS_URL, or of the data folder, which it starts
    itself.

    \b
    flashwire restore /backups/flashwire-monday
    """
    settings = read_settings()
    start_logs(settings, "restore")
    try:
        with _seekable(file) as source:
            told = _restore(settings, source, force=force)
    except OSError as problem:
        raise Failed(f"{file} cannot be read: {problem.strerror}") from None
    except Damaged as problem:
        raise Failed(f"{file} is not restored: {problem}") from None
    except FolderHeld as held:
        raise Failed(f"{held}: stop that one first") from None
    except (FolderUnusable, EmbeddedError, vapid.VapidError) as problem:
        raise Failed(str(problem)) from None
    except StoreUnavailable as problem:
        raise Failed(f"{problem}; `flashwire doctor` says whether it ended half way") from None
    if as_json:
        print_json(told)
        return
    click.echo(f"{told['records']:,} records of {told['made']}; {len(told['wires'])} wires begin another life.")
    if told["vapid"] == "none":
        click.echo(as_called("The backup holds no key pair of Web Push: `flashwire up` makes a new one."))


async def _dump(store: Store, write: Callable[[bytes], object], pem: bytes | None) -> dict[str, Any]:
    if await dump.is_half_restored(store):
        raise Failed(HALF)
    packer, progress, written = archive.Packer(), Progress("backup"), 0

    def put(content: bytes) -> None:
        nonlocal written
        write(content)
        written += len(content)

    put(packer.begin(await dump.header(store, metadata.version("flashwire"))))
    if pem is not None:
        put(packer.pack(File(vapid.FILE_NAME, pem)))
    async for part in dump.parts(store):
        put(packer.pack(part))
        progress.step()
    put(packer.end())
    return {"records": progress.count, "bytes": written, "vapid": pem is not None}


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file beside it that takes its name when all is on the disk, and is gone where anything failed."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        new.unlink(missing_ok=True)


@contextlib.contextmanager
def _seekable(file: str) -> Iterator[BinaryIO]:
    """The file; or standard input, kept in a file without a name, since it is read twice."""
    if file != "-":
        with open(file, "rb") as source:
            yield source
        return
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        yield kept


def _restore(settings: Settings, source: BinaryIO, *, force: bool) -> dict[str, Any]:
    header, pem = _checked(source)
    folder = DataFolder.hold(settings.data_dir, "flashwire restore")
    try:
        if pem is not None:
            vapid.check_same(vapid.place(settings.vapid_key_file, settings.data_dir), pem)
        with contextlib.ExitStack() as ending:
            url = settings.redis_url
            if url is None:
                own = EmbeddedStore(folder, VALKEY_CONF, settings.store_users_file or STORE_USERS)
                own.start()
                ending.callback(own.stop)
                url = users.named(own.url, "operator")
            told = asyncio.run(_fill(settings, url, source, pem, force=force))
    finally:
        folder.release()
    return {"made": header.made, **told}


def _checked(source: BinaryIO) -> tuple[Header, bytes | None]:
    """Where the archive comes from, and its key pair of Web Push. Raises Damaged unless it is whole."""
    source.seek(0)
    progress, header, pem = Progress("checking"), None, None
    for record in archive.unpack(source.read):
        progress.step()
        if isinstance(record, Header):
            header = record
        elif isinstance(record, File) and record.name == vapid.FILE_NAME:
            pem = record.content
    if header is None:
        raise Damaged("it has no header")
    return header, pem


async def _fill(settings: Settings, url: str, source: BinaryIO, pem: bytes | None, *, force: bool) -> dict[str, Any]:
    from workers.push.dispatcher import GROUP  # imported where it is needed: other commands need not wait for it

    store = for_commands(url, max(settings.store_timeout_s, PATIENCE_S))
    try:
        if (somebody := await refill.who_follows(store)) is not None:
            raise Failed(f"an API, a gateway or a push channel runs on this store (from {somebody}): stop it first")
        if not force and await dump.is_half_restored(store):
            raise Failed(HALF)
        if not force and not await refill.is_empty(store):
            raise Failed("the store is not empty: `flashwire restore --force FILE` takes away first what it holds")
        await refill.begin(store, now_ms())
        await refill.empty(store)
        progress = Progress("restore")
        wires = await refill.write(store, _parts(source, progress), now_ms())
        put_back = pem is not None and vapid.put_back(vapid.place(settings.vapid_key_file, settings.data_dir), pem)
        epochs = await refill.finish(store, wires, GROUP, new_epoch)
    finally:
        await store.aclose()
    pair = "none" if pem is None else "written" if put_back else "kept"
    return {"records": progress.count, "wires": epochs, "vapid": pair}


def _parts(source: BinaryIO, progress: Progress) -> Iterator[Part]:
    source.seek(0)
    for record in archive.unpack(source.read):
        if isinstance(record, Part):
            progress.step()
            yield record
