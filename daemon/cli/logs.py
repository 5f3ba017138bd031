"""`secaid logs`: what all processes logged, merged in the order of time."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import time
from typing import Any

import click

from daemon.cli.context import here
from daemon.cli.output import printable
from daemon.domain.job import JobKind
from daemon.logs import LEVELS, Follower, Line, Wanted
from daemon.service.unit import POLL

_LOOK_SECONDS = 0.3
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_COLOURS = {"debug": "bright_black", "info": "green", "warning": "yellow", "error": "red", "critical": "bright_red"}
_WIDEST = 2000
"""Characters of one value on a terminal; `--json` shows all of it."""


class _Moment(click.ParamType[float]):
    """`90s`, `10m`, `2h`, `3d` ago, or a date with or without a time."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if match := re.fullmatch(r"(\d{1,9})([smhd])", value):
            return time.time() - int(match[1]) * _UNITS[match[2]]
        try:
            return dt.datetime.fromisoformat(value).astimezone().timestamp()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither an age such as 10m or 2h, nor a time such as 2026-01-31T08:00", param, ctx)


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("-n", "--lines", default=200, show_default=True, type=click.IntRange(min=0), help="The newest so many.")
@click.option("--job", type=int, help="Only what is about this job.")
@click.option("--kind", type=click.Choice([POLL, *map(str, JobKind)]), help="Only the processes and jobs of one kind.")
@click.option("--level", type=click.Choice(LEVELS), help="This one and worse.")
@click.option("--since", type=_Moment(), help="An age (90s, 10m, 2h, 3d) or a time; then all lines since.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")
def logs(
    follow: bool, lines: int, job: int | None, kind: str | None, level: str | None, since: float | None, as_json: bool
) -> None:
    """What the poller, the workers and their children logged, in the order of time."""
    where = here()
    wanted = Wanted(job=job, kind=kind, level=level, since=since)
    show = _print_json if as_json else _print
    with contextlib.closing(Follower(where.paths.logs, wanted)) as follower:
        for line in follower.recent(lines if since is None else None):
            show(line)
        if follow:
            # Interrupting is how one ends this.
            with contextlib.suppress(KeyboardInterrupt):
                for line in follower.follow(lambda: time.sleep(_LOOK_SECONDS)):
                    show(line)


def _print_json(line: Line) -> None:
    """ASCII only: no byte of a log can command a terminal."""
    own = {"timestamp": _utc(line.at), "level": line.level, "process": line.process, "event": line.event}
    click.echo(json.dumps(own | line.fields))


def _print(line: Line) -> None:
    clock = dt.datetime.fromtimestamp(line.at).astimezone().strftime("%m-%d %H:%M:%S.%f")[:-3]
    level = click.style(f"{line.level:<8}", fg=_COLOURS[line.level])
    process = click.style(f"{_one_line(line.process):<18}", fg="cyan")
    fields = " ".join(f"{_one_line(key)}={_value(value)}" for key, value in line.fields.items() if key != "exception")
    click.echo(f"{clock} {level} {process} {click.style(_one_line(line.event), bold=True)} {fields}".rstrip())
    if trace := line.fields.get("exception"):
        for row in str(trace).splitlines():
            click.echo(f"    {_one_line(row)}")


def _value(value: Any) -> str:
    return _one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _one_line(text: str) -> str:
    """Text that stays on its line and colours nothing."""
    shown = printable(text.replace("\n", "⏎").replace("\t", " "))
    return shown if len(shown) <= _WIDEST else f"{shown[:_WIDEST]}…"


def _utc(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat().replace("+00:00", "Z")
