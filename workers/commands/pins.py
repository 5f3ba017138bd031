"""`secaid pins`: which commits the actions of a folder are, asked of their host and kept in the user's lock."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import os
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from daemon.cli.context import here
from daemon.cli.output import json_option, print_json, printable
from daemon.errors import SecaidError
from daemon.mirrors import clone_base
from daemon.refs import Refs, read_refs
from daemon.tokens import find_token
from workers.commands.walk import ListedTree
from workers.source.action_uses import uses_of_tree
from workers.source.actions_lock import Action, Lock, numbers, own, own_file

_AT_ONCE = 8
_UNAVAILABLE = 3
_ABOUT = "Read by `secaid pins` from the actions' own repositories. It counts for more than the lock inside of secaid."


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def pins(folder: Path, as_json: bool) -> None:
    """Ask the host which commits the actions in DIR's workflows are, so that `secaid fix` can pin them.

    For actions that secaid's own lock does not know, such as an organisation's, and for releases that are younger than
    it. Needs git and the network; private repositories need the token that `secaid setup --token` keeps. Exit 3 where
    something could not be asked.
    """
    where = here()
    base = clone_base(where.settings.poll.api_url)
    wanted = uses_of_tree(ListedTree(folder))
    token = find_token(where.settings.poll.api_url)
    before = own()
    read, failed = _ask(base, wanted, token.value if token else None)
    if read:
        _write(Lock(_ABOUT, _today(), (before.actions if before else {}) | read))
    if as_json:
        print_json({"lock": str(own_file()), "read": read, "failed": failed})
    else:
        _show(read, failed)
    if failed:
        raise SystemExit(_UNAVAILABLE)


def _ask(base: str, wanted: Mapping[str, set[str]], token: str | None) -> tuple[dict[str, Action], dict[str, str]]:
    read: dict[str, Action] = {}
    failed: dict[str, str] = {}
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = {name: pool.submit(read_refs, base, name, token) for name in sorted(wanted)}
        for name, answer in answers.items():
            try:
                read[name] = _action(base, answer.result(), wanted[name])
            except SecaidError as error:
                failed[name] = str(error)
    return {name: action for name, action in read.items() if action.releases or action.branches}, failed


def _action(base: str, refs: Refs, named: set[str]) -> Action:
    """What is kept: releases, and what else the workflows name."""
    others = refs.branches | {tag: commit for tag, commit in refs.tags.items() if not numbers(tag)}
    return Action(
        read=f"refs at {urllib.parse.urlsplit(base).netloc or base} ({_today()})",
        seen="tag",
        releases={tag: commit for tag, commit in refs.tags.items() if numbers(tag)},
        branches={ref: commit for ref, commit in others.items() if ref in named},
    )


def _write(lock: Lock) -> None:
    file = own_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}")
    aside.write_bytes(msgspec.json.format(msgspec.json.encode(lock, order="sorted"), indent=1) + b"\n")
    aside.replace(file)


def _show(read: Mapping[str, Action], failed: Mapping[str, str]) -> None:
    for name, action in read.items():
        newest = action.newest()
        what = f"{newest} is {action.releases[newest][:12]}" if newest else ", ".join(sorted(action.branches))
        click.echo(printable(f"✓ {name}  {what}"))
    for name, why in failed.items():
        click.echo(printable(f"✗ {name}  {why}"))
    kept = f"; kept in {own_file()}" if read else ""
    click.echo(f"{len(read)} actions read, {len(failed)} not{kept}")


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()
