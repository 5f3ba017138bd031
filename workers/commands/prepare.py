"""The steps of `secaid setup`: each makes one thing ready, says what it found or made, and can be repeated."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import yaml

from daemon import access, settings
from daemon.cli.context import Here, opened
from daemon.errors import SettingsError, Unavailable
from daemon.resources import resource
from daemon.settings import EMBEDDED, Model, Repository
from daemon.tokens import find_token, save_token
from workers.llm.download import OnBytes, download, look_up, repository_of
from workers.llm.locate import base_models, find_model, model_directory

_TENTH = 10

_CONFIG = """\
# What you change of secaid's settings; everything else stays as it is in
# {defaults}, where each key is explained.
# `secaid doctor` looks at it.
poll:
  # Repositories whose artifacts are fetched. Each may also have `branches: [main]`, `artifacts: ["*scan*"]`
  # (patterns of names) and `checkout: /path/to/a/clone`.
  repositories:{repositories}
"""


def folders(where: Here) -> str:
    """Make the folders, for this user's eyes only: findings tell where code is weak."""
    for folder in (where.paths.config, where.paths.data, where.paths.logs, where.paths.cache, where.paths.run):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return str(where.paths.data)


def config_file(where: Here, repositories: Sequence[str]) -> str:
    """Write the user's settings file, unless there is one: that is theirs, comments and all.

    Raises:
        SettingsError: a repository is to be added to a file that is there, or has no name such as owner/name.
    """
    file = where.paths.user_settings
    if file.exists():
        known = {one.name for one in where.settings.poll.repositories}
        if missing := [name for name in repositories if name not in known]:
            lines = "\n".join(f"    - {{name: {name}}}" for name in missing)
            message = f"{file} is yours and is not changed: add below `poll:` and `repositories:`\n{lines}"
            raise SettingsError(message)
        return f"{file}, as it was"
    chosen = [_repository(name) for name in repositories]
    listed = "".join(f"\n    - name: {one.name}" for one in chosen) or " []\n  #  - name: owner/name"
    text = _CONFIG.format(defaults=resource("config", "default.yaml"), repositories=listed)
    yaml.safe_load(text)
    partial = file.with_suffix(".new")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
    settings.load(settings.environment())
    return f"{file}, new"


def _repository(name: str) -> Repository:
    try:
        return msgspec.convert({"name": name}, Repository)
    except msgspec.ValidationError as error:
        message = f"{name!r} is no repository: give its owner and name, as in `octo-org/octo-repo`"
        raise SettingsError(message) from error


def database(where: Here) -> str:
    """Make the database, or bring it up to date."""
    where.paths.data.mkdir(parents=True, exist_ok=True)
    with opened(where):
        return where.database


def scanner_folders(where: Here) -> list[Path]:
    """Where scanners' environments are looked for, the place to make them first."""
    configured = where.settings.verification.scanners
    return [Path(configured).expanduser() if configured else where.paths.scanners]


def model(where: Here, name: str) -> str:
    """The model's directory; downloaded and converted to 4 bits where it is missing. Goes on where it was broken off.

    Raises:
        ModelUnavailable: the hub has no such open model, the disk is full, or it cannot be converted.
        Retryable: the hub cannot be reached.
    """
    wanted: Model = msgspec.structs.replace(where.settings.model, base=name)
    if (found := find_model(wanted)) is not None:
        return str(found)
    if name == EMBEDDED:
        return str(model_directory(wanted))
    remote = look_up(repository_of(name))
    with _shown(remote.repository) as on_bytes:
        return str(download(remote, base_models(wanted) / name, on_bytes=on_bytes))


def token(where: Here, given: str | None) -> str:
    """Try the token by a read of every configured repository's Actions; a new one goes into the keychain if it passes.

    Raises:
        Unavailable: there is none, or it may not read; a new one that fails is not kept.
    """
    api_url = where.settings.poll.api_url
    found = None if given else find_token(api_url)
    value = given or (found.value if found else None)
    if value is None:
        message = (
            "no GitHub token: make one that may read Actions (fine-grained: `Actions: read` and `Contents: read` on "
            "these repositories), then `secaid setup --token`"
        )
        raise Unavailable(message)
    tried = access.check(value, where.settings.poll)
    if refused := [one for one in tried if not one.allowed]:
        message = "; ".join(f"{one.target}: {one.says}" for one in refused)
        if any(not one.asked for one in refused):
            raise Unavailable(f"the token could not be tried, and a new one is not kept; try again later: {message}")
        raise Unavailable(f"the token does not do: {message}")
    if given:
        save_token(api_url, given)
    source = found.source if found else "the keychain"
    return f"in {source}, tried on {', '.join(one.target for one in tried)}"


@contextmanager
def _shown(name: str) -> Iterator[OnBytes]:
    """A progress bar on a terminal; elsewhere a line for each tenth."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(name, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)
        return
    yield _in_tenths(name, lambda line: click.echo(line, err=True))


def _in_tenths(name: str, say: Callable[[str], None]) -> OnBytes:
    said = -1

    def on_bytes(done: int, total: int) -> None:
        nonlocal said
        tenth = done * _TENTH // total if total else _TENTH
        if tenth > said:
            said = tenth
            say(f"{name}: {done >> 20} of {total >> 20} MiB")

    return on_bytes
