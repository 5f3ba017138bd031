"""`secaid pins`: which commits the actions of a folder are, and what the workflows of others that it calls ask for."""

from __future__ import annotations

import datetime as dt
import os
import urllib.parse
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from daemon.cli.context import here
from daemon.cli.output import json_option, print_json, printable
from daemon.mirrors import clone_base
from daemon.refs import Refs
from daemon.tokens import find_token
from workers.commands.asking import Host
from workers.commands.walk import ListedTree
from workers.source import modules
from workers.source.action_uses import calls_of_tree, uses_of_tree
from workers.source.actions_lock import Action, Lock, numbers, own, own_file

_UNAVAILABLE = 3
_ABOUT = "Read by `secaid pins` from the actions' own repositories. It counts for more than the lock inside of secaid."


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def pins(folder: Path, as_json: bool) -> None:
    """Ask the host which commits DIR's actions and Terraform modules are, so that `secaid fix` can pin them.

    For actions that secaid's own lock does not know, such as an organisation's, and for releases that are younger than
    it. Of workflows that are called in other repositories it reads the file too: which permissions and secrets they
    ask for is what `secaid fix` then grants. Needs git and the network; private repositories need the token that
    `secaid setup --token` keeps. Exit 3 where something could not be asked.
    """
    api_url = here().settings.poll.api_url
    base = clone_base(api_url)
    token = find_token(api_url)
    tree = ListedTree(folder)
    before = own()
    old = before.actions if before is not None else {}
    host = Host(base, api_url, token.value if token else None)
    named = defaultdict(set, uses_of_tree(tree))
    for name, refs in modules.of_tree(tree).items():
        named[name] |= refs
    host.ask(named)
    for call in host.follow(calls_of_tree(tree)):
        named[call.repository].add(call.ref)
    where = f"refs at {urllib.parse.urlsplit(base).netloc or base} ({_today()})"
    read = {
        name: _action(where, refs, named[name], host.workflows[name], old.get(name)) for name, refs in host.refs.items()
    }
    read = {name: action for name, action in read.items() if action.releases or action.branches or action.workflows}
    if read:
        _write(Lock(_ABOUT, _today(), old | read))
    if as_json:
        shown = {name: msgspec.to_builtins(action) | {"workflows": _named(action)} for name, action in read.items()}
        print_json({"lock": str(own_file()), "read": shown, "failed": host.failed})
    else:
        _show(read, host)
    if host.failed:
        raise SystemExit(_UNAVAILABLE)


def _named(action: Action) -> dict[str, list[str]]:
    """The workflows by commit, without their text."""
    return {commit: sorted(files) for commit, files in action.workflows.items()}


def _action(
    where: str, refs: Refs, named: set[str], workflows: dict[str, dict[str, str]], old: Action | None
) -> Action:
    """What is kept: releases, and what else workflows name, of this folder or of those that were looked at before."""
    others = refs.branches | {tag: commit for tag, commit in refs.tags.items() if not numbers(tag)}
    commits = {*refs.tags.values(), *refs.branches.values()}
    before = old.workflows if old is not None else {}
    named = named | (old.branches.keys() if old is not None else set())
    kept = {commit: files for commit, files in before.items() if commit in commits or commit in workflows}
    return Action(
        read=where,
        seen="tag",
        releases={tag: commit for tag, commit in refs.tags.items() if numbers(tag)},
        branches={ref: commit for ref, commit in others.items() if ref in named},
        workflows=kept | {commit: kept.get(commit, {}) | files for commit, files in workflows.items()},
    )


def _write(lock: Lock) -> None:
    file = own_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}")
    aside.write_bytes(msgspec.json.format(msgspec.json.encode(lock, order="sorted"), indent=1) + b"\n")
    aside.replace(file)


def _show(read: Mapping[str, Action], host: Host) -> None:
    for name, action in sorted(read.items()):
        newest = action.newest()
        what = [f"{newest} is {action.releases[newest][:12]}"] if newest else sorted(action.branches)
        if count := sum(len(files) for files in host.workflows[name].values()):
            what.append(f"{count} workflow{'s' if count > 1 else ''} read")
        click.echo(printable(f"✓ {name}  {', '.join(what)}"))
    for name, why in host.failed.items():
        click.echo(printable(f"✗ {name}  {why}"))
    kept = f"; kept in {own_file()}" if read else ""
    click.echo(f"{len(read)} actions read, {len(host.failed)} not{kept}")


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()
