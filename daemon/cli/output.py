"""What commands share to print: JSON on stdout, tables for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from daemon.domain.severity import Severity

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
    Severity.UNKNOWN: "magenta",
}
"""How a severity looks, wherever one is printed."""
_ENDLESS = 10_000
"""Columns of a pipe."""
json_option: Callable[[Any], Any] = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def print_json(document: Any) -> None:
    """One JSON document on stdout, indented, ending with a newline."""
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=2)
    click.echo(encoded.decode())


def console(*, stderr: bool = False, table: bool = False) -> Console:
    """A rich console; imported here, because it costs more than a whole `--json` command.

    `table`: into a pipe or a file, lines are as long as they are, so that `grep` and `less -S` find whole ones.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    endless = table and not stream.isatty() and "COLUMNS" not in os.environ
    return Console(stderr=stderr, highlight=False, file=stream, width=_ENDLESS if endless else None)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """A table without borders; cells are plain text, so that nothing in a finding is taken for markup."""
    if not rows:
        click.echo(empty)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else printable(str(cell))) for cell in row))
    console(table=True).print(table)


def printable(text: str) -> str:
    """Text without control characters: a finding cannot move the cursor or colour the terminal."""
    return "".join(char if char in "\n\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
