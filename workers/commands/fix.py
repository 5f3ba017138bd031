"""`secaid fix`: scan a folder, propose and verify fixes, print or write them. No GitHub, no daemon, no model."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from daemon import settings as settings_module
from daemon.domain.edits import unified_diff
from daemon.domain.fix import Level
from daemon.domain.severity import Severity
from daemon.errors import ScannerUnavailable, SecaidError, SettingsError, Unavailable
from daemon.paths import Paths
from workers.commands.backup import Backups
from workers.commands.fix_render import document, sarif, show
from workers.commands.walk import ListedTree
from workers.parsers import read
from workers.repair.compose import Composition, Overlay, compose
from workers.repair.item import Item, Options
from workers.repair.look import look
from workers.repair.repair import repair
from workers.source.tree import FolderTree, SourceTree
from workers.verify.batch import Scanners
from workers.verify.environments import available
from workers.verify.own_rules import with_own_rules
from workers.verify.verifier import Verifier

_FOUND, _USAGE, _UNAVAILABLE = 1, 2, 3
_ROUNDS = 5
_LEVELS = [str(level) for level in Level if level is not Level.NONE]


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
    as_json: bool,
    quiet: bool,
) -> None:
    """Scan DIR, propose fixes and verify each by running the scanners again; print, write or apply them.

    Exit status: 0 nothing left to fix; 1 findings are left (or a file could not be written);
    2 wrong usage; 3 no scanner can run here.
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
    )
    try:
        settings, paths = settings_module.load()
        sys.exit(_undo(call, paths) if undo else _Fixing(call, settings, paths).run())
    except SecaidError as error:
        click.echo(f"secaid fix: {error}", err=True)
        usage = isinstance(error, SettingsError)
        sys.exit(_USAGE if usage else _UNAVAILABLE if isinstance(error, Unavailable) else _FOUND)


def _undo(call: Call, paths: Paths) -> int:
    for path in _backups(call, paths).undo(FolderTree(call.folder)):
        click.echo(f"restored {path}", err=True)
    return 0


def _backups(call: Call, paths: Paths) -> Backups:
    return Backups(paths.data / "undo", call.folder)


class _Fixing:
    """One run over one folder."""

    def __init__(self, call: Call, settings: settings_module.Settings, paths: Paths) -> None:
        self._call = call
        self._paths = paths
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
            tools, read, timeout=settings.verification.timeout_seconds, parallel=settings.verification.parallel
        )
        self._verifier = Verifier(self._scanners)

    def run(self) -> int:
        """Look, repair, print, write: the exit status."""
        call = self._call
        items = self._round(self._tree)
        left = len(items)
        if call.apply or call.patch:
            composed, remaining = self._compose(items)
            left = len(remaining) if call.apply else left
            self._write(composed)
        self._print(items)
        return _FOUND if left else 0

    def _round(self, tree: SourceTree) -> list[Item]:
        seen = look(tree, self._scanners, self._call.options, self._say)
        for problem in seen.problems[:20]:
            self._say(f"not read: {problem}")
        return repair(seen.items, tree, self._verifier, self._scanners, self._call.options, self._say)

    def _compose(self, items: Sequence[Item]) -> tuple[dict[str, bytes], Sequence[Item]]:
        """Rounds until nothing changes: the files as they should be, and the findings that are left."""
        overlay = Overlay(self._tree, {})
        for _ in range(_ROUNDS):
            composed: Composition = compose(items, overlay, self._verifier, self._say)
            if not composed.chosen:
                break
            self._say(f"{len(composed.chosen)} fixes hold together in {len(composed.files)} files")
            overlay = Overlay(self._tree, {**overlay.files, **composed.files})
            items = self._round(overlay)
        return overlay.files, items

    def _write(self, files: Mapping[str, bytes]) -> None:
        call = self._call
        if call.patch:
            text = unified_diff({path: self._tree.read(path) for path in files}, files)
            _output(call.patch, text.encode("utf-8", "surrogateescape"))
        if call.apply:
            kept = _backups(call, self._paths).write(self._tree, files)
            message = (
                f"wrote {len(files)} files; `secaid fix --undo {call.folder}` restores them"
                if kept
                else "nothing to write"
            )
            self._say(message)

    def _print(self, items: Sequence[Item]) -> None:
        call = self._call
        if call.sarif:
            log = sarif(items, self._tree, importlib.metadata.version("secaid"))
            _output(call.sarif, msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n")
        if call.as_json:
            encoded = msgspec.json.encode(document(items, call.level))
            _output(Path("-"), msgspec.json.format(encoded, indent=2) + b"\n")
        elif Path("-") not in (call.patch, call.sarif):
            from rich.console import Console

            show(items, Console(highlight=False), call.level)

    def _say(self, line: str) -> None:
        if not self._call.quiet:
            click.echo(line, err=True)


def _output(path: Path, content: bytes) -> None:
    if path == Path("-"):
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        path.write_bytes(content)


if __name__ == "__main__":
    fix()
