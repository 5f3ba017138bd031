"""The `secaid` command: a group whose commands are loaded lazily, so that `secaid status` starts at once."""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import sys

import click

from daemon.errors import SecaidError, SettingsError, Unavailable

_COMMANDS = {
    "demo": "daemon.cli.demo:demo",
    "findings": "daemon.cli.findings:findings",
    "fixes": "daemon.cli.fixes:fixes",
    "ingest": "daemon.cli.ingest:ingest",
    "jobs": "daemon.cli.jobs:jobs",
    "logs": "daemon.cli.logs:logs",
    "models": "daemon.cli.models:models",
    "poll": "daemon.cli.poll:poll",
    "run": "daemon.cli.run:run",
    "service": "daemon.cli.service:service",
    "status": "daemon.cli.status:status",
    "worker": "daemon.cli.worker:worker",
}
_ENTRY_POINTS = "secaid.commands"
_USAGE, _UNAVAILABLE, _FAILED, _INTERRUPTED = 2, 3, 1, 130


class LazyGroup(click.Group):
    """A group that imports a command's module only when it runs or is helped with."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The control plane's commands, and those that the data plane adds by entry point."""
        del ctx
        return sorted({*_COMMANDS, *_added()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name in _COMMANDS:
            module, _, attribute = _COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        added = _added().get(cmd_name)
        return added.load() if added else None

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an interruption, also one while it is being imported, ends as the shell expects it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # click would end with 1, which stands for findings and failures
            click.echo("secaid: interrupted", err=True)
            ctx.exit(_INTERRUPTED)
        except BrokenPipeError:  # whoever read along has seen enough: click knows what to do
            raise
        except OSError as error:  # a full disk, a folder that was taken away
            click.echo(f"secaid: {error}", err=True)
            ctx.exit(_UNAVAILABLE)


def _added() -> dict[str, importlib.metadata.EntryPoint]:
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=_ENTRY_POINTS)}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="secaid", prog_name="secaid")
def secaid() -> None:
    """Security-scan findings become fixes that were verified by re-running the scanner that found them."""


def main() -> None:
    """Run the command line; errors become one message on stderr and the documented exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode shows less, and no traceback
    try:
        secaid(prog_name="secaid")
    except SecaidError as error:
        click.echo(f"secaid: {error}", err=True)
        sys.exit(_exit_code(error))


def _exit_code(error: SecaidError) -> int:
    if isinstance(error, SettingsError):
        return _USAGE
    return _UNAVAILABLE if isinstance(error, Unavailable) else _FAILED
