"""`flashwire doctor`: what is wrong here, and what mends it.

The rule to remember: it looks and changes nothing. Exit code 1 where anything failed; warnings and what is off are not
failures.
"""

import asyncio
import os

import click
import msgspec

from config import settings as configuration
from config.settings import Settings, SettingsError
from service import running
from service.commands.ground import JSON, print_json, start_logs
from service.findings import Finding
from service.program import as_called


@click.command()
@click.option("--offline", is_flag=True, help="Read the providers' credentials, and speak to nobody.")
@JSON
def doctor(offline: bool, as_json: bool) -> None:
    """Check settings, store, credentials, clocks; name remedies.

    Providers are asked whether they let us in, with a message to a token that no phone has. Exit code 1 where
    something failed.

    \b
    flashwire doctor
    flashwire doctor --offline --json
    """
    from service.doctor import examine  # imported where it is run: other commands need not wait for it

    try:
        settings = configuration.load(os.environ)
    except SettingsError as problem:
        findings = [Finding("settings", "failed", str(problem), "correct or remove it")]
    else:
        start_logs(settings, "doctor")
        findings = [Finding("settings", "ok", _where(settings)), *asyncio.run(examine(settings, offline=offline))]
    if as_json:
        print_json([msgspec.to_builtins(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(as_called(f"{finding.state:<8} {finding.check:<11} {finding.says}"))
            if finding.remedy is not None:
                click.echo(as_called(f"{'':<21}→ {finding.remedy}"))
    if any(finding.state == "failed" for finding in findings):
        raise SystemExit(1)


def _where(settings: Settings) -> str:
    place = f"{settings.environment}, data in {settings.data_dir.resolve()}"
    found = running.find(settings.data_dir)
    return place if found is None else f"{place}, served by `flashwire up` at {found.url} (process {found.pid})"
