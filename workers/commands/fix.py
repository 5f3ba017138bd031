"""`secaid fix`: scan a folder, propose and verify fixes, print or write them. No GitHub, no daemon, no model."""

from __future__ import annotations

import importlib.metadata
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from daemon import settings as settings_module
from daemon.domain.fix import Level
from daemon.domain.severity import Severity
from daemon.errors import ScannerUnavailable, SecaidError, SettingsError, Unavailable
from daemon.paths import Paths
from workers.commands.backup import Backups
from workers.commands.fix_items import at_level, writable
from workers.commands.fix_json import Applied, document
from workers.commands.fix_json import readable as path_text
from workers.commands.fix_sarif import sarif
from workers.commands.fix_text import show
from workers.commands.fix_words import applied_words, first_answer, not_looked_at, one_line
from workers.commands.interrupt import Interrupted, interruptible
from workers.commands.walk import ListedTree
from workers.commands.write import STDOUT, write_output
from workers.parsers import read
from workers.repair.item import Item, Options
from workers.repair.look import Look, look
from workers.repair.repair import repair
from workers.repair.rounds import Settled, settle
from workers.repair.secret_patch import Secrets, safe_patch, secret_lines
from workers.repair.tested import control, passing
from workers.source import actions_lock
from workers.source.tree import SourceTree
from workers.verify.batch import Scanners
from workers.verify.environments import available
from workers.verify.own_rules import with_own_rules
from workers.verify.remembered import RememberedScans
from workers.verify.sandbox import Sandbox
from workers.verify.verifier import Verifier

_FOUND, _USAGE, _UNAVAILABLE = 1, 2, 3
_LEVELS = [str(level) for level in Level if Level.NONE < level <= Level.TESTED]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, checked."""

    folder: Path
    scanners: tuple[str, ...]
    options: Options
    level: Level
    apply: bool
    patch: Path | None
    sarif: Path | None
    as_json: bool
    quiet: bool
    tests: str | None
    """The project's own test command."""


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--scanner", "scanners", multiple=True, metavar="NAME", help="Run only this scanner; may be repeated.")
@click.option("--only", multiple=True, metavar="RULE", help="Only findings of this rule (`rule`, `tool:rule`, with *).")
@click.option("--exclude", multiple=True, metavar="RULE", help="No findings of this rule.")
@click.option(
    "--min-severity",
    default=str(Severity.INFO),
    type=click.Choice([str(severity) for severity in Severity if severity is not Severity.UNKNOWN]),
    help="Leave out findings below it.",
)
@click.option("--level", default="L0", type=click.Choice(_LEVELS), help="Show only fixes that came this far.")
@click.option("--approach", "approaches", multiple=True, metavar="NAME", help="Try only this approach (with *).")
@click.option("--apply", "apply_", is_flag=True, help="Write the best verified fixes into DIR, with a backup.")
@click.option("--undo", is_flag=True, help="Restore what the last --apply in DIR changed.")
@click.option(
    "--patch", type=click.Path(dir_okay=False, path_type=Path), help="Write all fixes as one patch; - is stdout."
)
@click.option("--sarif", type=click.Path(dir_okay=False, path_type=Path), help="Write SARIF with fixes; - is stdout.")
@click.option("--test-command", "tests", metavar="CMD", help="With --level L4: the project's own tests, in a sandbox.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
def fix(  # one parameter per option is how click hands them over
    folder: Path,
    scanners: tuple[str, ...],
    only: tuple[str, ...],
    exclude: tuple[str, ...],
    min_severity: str,
    level: str,
    approaches: tuple[str, ...],
    apply_: bool,
    undo: bool,
    patch: Path | None,
    sarif: Path | None,
    tests: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Scan DIR, propose fixes and verify each by running the scanners again; print, write or apply them.

    Exit status: 0 no finding, with --apply none is left; 1 there are findings, with or without a fix, or a
    file was changed since; 2 wrong usage; 3 something that it needs cannot run here; 130 interrupted.
    """
    options = Options(only=only, exclude=exclude, min_severity=Severity(min_severity), approaches=approaches)
    call = Call(
        folder=folder,
        scanners=scanners,
        options=options,
        level=Level(int(level[1:])),
        apply=apply_,
        patch=patch,
        sarif=sarif,
        as_json=as_json,
        quiet=quiet,
        tests=tests,
    )
    _check(call)
    if undo and (call.apply or call.patch or call.sarif or call.as_json):
        message = "--undo stands alone: it restores what the last --apply changed, and scans nothing"
        raise click.UsageError(message)
    try:
        with interruptible():
            settings, paths = settings_module.load()
            actions_lock.own()  # a damaged one is said here, not once for each finding
            sys.exit(_undo(call, paths) if undo else _Fixing(call, settings, paths).run())
    except SecaidError as error:
        click.echo(f"secaid fix: {one_line(str(error))}", err=True)
        usage = isinstance(error, SettingsError)
        sys.exit(_USAGE if usage else _UNAVAILABLE if isinstance(error, Unavailable) else _FOUND)
    except Interrupted as interrupted:
        click.echo("secaid fix: interrupted; no file was left half-written", err=True)
        sys.exit(interrupted.status)


def _check(call: Call) -> None:
    """Raises `UsageError` where options contradict each other."""
    if (call.level is Level.TESTED) != (call.tests is not None):
        message = "--level L4 and --test-command go together: L4 means that the project's own tests still pass"
        raise click.UsageError(message)
    if [call.patch, call.sarif, STDOUT if call.as_json else None].count(STDOUT) > 1:
        message = "only one of --json, --patch - and --sarif - can have standard output"
        raise click.UsageError(message)
    for option, file in (("--patch", call.patch), ("--sarif", call.sarif)):
        if file is not None and not file.parent.is_dir():
            message = f"there is no folder {file.parent} to write {option} into"
            raise click.UsageError(message)


def _undo(call: Call, paths: Paths) -> int:
    for path in _backups(call, paths).undo():
        click.echo(f"restored {one_line(path_text(path))}", err=True)
    return 0


def _backups(call: Call, paths: Paths) -> Backups:
    return Backups(paths.data / "undo", call.folder)


class _Fixing:
    """One run over one folder."""

    def __init__(self, call: Call, settings: settings_module.Settings, paths: Paths) -> None:
        self._call = call
        self._backups = _backups(call, paths)
        self._tree = ListedTree(call.folder)
        where = settings.verification.scanners
        tools, missing = available([Path(where).expanduser() if where else paths.scanners], call.scanners or None)
        unknown = set(call.scanners) - {tool.name for tool in tools} - missing.keys()
        if unknown:
            message = f"no scanner is called {', '.join(sorted(unknown))}"
            raise SettingsError(message)
        if call.scanners and missing:
            raise ScannerUnavailable("; ".join(missing.values()))
        if not tools:
            message = "no scanner is installed: run `secaid setup --scanners`"
            raise ScannerUnavailable(message)
        tools = with_own_rules(tools, self._tree, paths.data / "rules")
        self._scanners = Scanners(
            tools,
            read,
            timeout=settings.verification.timeout_seconds,
            parallel=settings.verification.parallel,
            cache=RememberedScans(paths.cache / "scans"),
        )
        seconds = settings.verification.timeout_seconds
        self._sandbox = None if call.tests is None else Sandbox(self._tree.root, call.tests, timeout=seconds)
        self._verifier = Verifier(self._scanners)

    def run(self) -> int:
        """Look, repair, print, write: the exit status."""
        call = self._call
        if call.apply:
            self._backups.tidy()
        if self._sandbox is not None:
            self._say("running the project's tests as it is")
            control(self._sandbox)
        seen, found = self._first()
        items: Sequence[Item] = found
        left = len(items)
        applied = None
        if call.apply or call.patch or call.tests:
            settled = settle(items, self._tree, self._verifier, self._again, self._say)
            files = self._tested(settled)
            items = [at_level(item, settled, files) for item in items] if call.tests else items
            written = self._write(files, found)
            if call.apply:
                left = len(settled.remaining) if len(files) == len(settled.files) else left
                applied = Applied(written, left)
        self._print(items, seen, applied)
        if left:
            return _FOUND
        # Nothing found, and a scanner that never ran: nobody knows whether there is something.
        return _UNAVAILABLE if seen.failed else 0

    def _first(self) -> tuple[Look, list[Item]]:
        """What the scanners say of the tree, and what nobody has looked at; the findings with their fixes."""
        started = time.monotonic()
        seen = look(self._tree, self._scanners, self._call.options, self._say)
        unread = tuple(sorted({*self._tree.left_out, *seen.unread}))
        seen = msgspec.structs.replace(seen, unread=unread, absent={} if self._call.scanners else seen.absent)
        self._say(first_answer(seen.items, time.monotonic() - started))
        return seen, self._repaired(seen, self._tree)

    def _again(self, tree: SourceTree) -> list[Item]:
        return self._repaired(look(tree, self._scanners, self._call.options, self._say), tree)

    def _repaired(self, seen: Look, tree: SourceTree) -> list[Item]:
        if not seen.items:
            return []
        call, above = self._call, self._tree.above
        items = repair(seen.items, tree, self._verifier, self._scanners, call.options, self._say, above=above)
        return [writable(item, self._backups) for item in items] if call.apply else items

    def _tested(self, settled: Settled) -> Mapping[str, bytes]:
        """The files that the project's own tests pass with, where there is a command for them."""
        return settled.files if self._sandbox is None else passing(settled.files, self._sandbox, self._say)

    def _write(self, files: Mapping[str, bytes], items: Sequence[Item]) -> tuple[str, ...]:
        """Write what was asked for: the files of the folder that were changed."""
        call = self._call
        if call.patch:
            before = {path: self._tree.read(path) for path in files}
            patch = safe_patch(before, files, _secrets(items, self._tree), self._tree.above)
            write_output(call.patch, patch.encode("utf-8", "surrogateescape"))
        kept = self._backups.write(self._tree, files) if call.apply else None
        return tuple(sorted(files)) if kept else ()

    def _print(self, items: Sequence[Item], seen: Look, applied: Applied | None) -> None:
        call = self._call
        if call.sarif:
            log = sarif(
                items, seen, self._tree, importlib.metadata.version("secaid"), level=call.level, above=self._tree.above
            )
            write_output(call.sarif, msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n")
        if call.as_json:
            encoded = msgspec.json.encode(document(items, seen, call.level, applied))
            write_output(STDOUT, msgspec.json.format(encoded, indent=2) + b"\n")
        elif STDOUT not in (call.patch, call.sarif):
            show(items, seen, call.folder, call.level, applied=applied, above=self._tree.above)
        else:
            for line in not_looked_at(seen):
                click.echo(f"not looked at: {line}", err=True)
        if applied is not None and (call.as_json or STDOUT in (call.patch, call.sarif)):
            self._say(applied_words(applied, call.folder, others=bool(seen.others)))

    def _say(self, line: str) -> None:
        if not self._call.quiet and line:
            click.echo(one_line(line), err=True)


def _secrets(items: Sequence[Item], tree: SourceTree) -> Secrets:
    candidates = (fix.candidate for item in items for fix in item.fixes)
    return secret_lines(candidates, (item.finding for item in items), tree)


if __name__ == "__main__":
    fix()
