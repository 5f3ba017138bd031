"""`secaid fixes`: list, show, apply, export and reject verified fixes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from daemon.cli.context import here, opened
from daemon.cli.output import json_option, print_json, print_table, printable
from daemon.domain.patches import Conflict, merged
from daemon.errors import Permanent
from daemon.masking import mask
from daemon.store import fixes as fixes_store
from daemon.store.engine import Store
from daemon.store.fixes import StoredFix


@click.group()
def fixes() -> None:
    """Candidate fixes and what verification found."""


@fixes.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that did not pass.")
@click.option("--tool", help="Only for findings of this scanner.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1))
@json_option
def list_fixes(everything: bool, tool: str | None, limit: int, as_json: bool) -> None:
    """Verified fixes, best first."""
    with opened(here()) as store, store.read() as conn:
        found = fixes_store.listing(conn, verified=None if everything else True, tool=tool, limit=limit)
    if as_json:
        print_json([_document(one) for one in found])
        return
    rows = [
        (one.id[:10], one.fix.candidate.approach, one.fix.verdict.level, one.fix.verdict.grade,
         f"{one.fix.verdict.score:.2f}", ", ".join(one.fix.candidate.paths), one.state)
        for one in found
    ]  # fmt: skip
    print_table(("id", "approach", "level", "grade", "score", "files", "state"), rows, empty="no fix yet")


@fixes.command("show")
@click.argument("fix_id")
@json_option
def show_fix(fix_id: str, as_json: bool) -> None:
    """One fix: its diff, why it is right, and the evidence."""
    with opened(here()) as store:
        one = _find(store, fix_id)
    if as_json:
        print_json(_document(one))
        return
    verdict = one.fix.verdict
    click.secho(f"{one.fix.candidate.approach}  {verdict.level}, {verdict.grade}, {verdict.rating}", bold=True)
    click.echo(printable(one.fix.candidate.explanation))
    for note in dict.fromkeys((verdict.reason, *one.fix.candidate.warnings, *verdict.recommendations)):
        if note:
            click.echo(printable(f"- {note}"))
    click.echo(printable(mask(one.fix.patch)))


@fixes.command("apply")
@click.argument("fix_id")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
def apply_fix(fix_id: str, directory: Path) -> None:
    """Apply a verified fix to a checkout, with `git apply`."""
    with opened(here()) as store:
        one = _find(store, fix_id)
        if not one.fix.verdict.verified:
            message = f"{one.id[:10]} is not verified ({one.fix.verdict.reason}); it is not applied"
            raise Permanent(message)
        _git_apply(one.fix.patch, directory)
        with store.begin() as conn:
            fixes_store.decide(conn, one.id, "applied", str(directory.resolve()))
    click.echo(f"applied {one.id[:10]} in {directory}; `git diff` shows it, `git apply -R` undoes it")


@fixes.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.argument("fix_ids", nargs=-1, required=True)
def export_fixes(file: Path, fix_ids: tuple[str, ...]) -> None:
    """Write fixes as one patch file for `git apply`."""
    with opened(here()) as store:
        patches = [_find(store, fix_id).fix.patch for fix_id in fix_ids]
    try:
        text = merged(patches)
    except Conflict as error:
        message = f"{error}: export them one by one"
        raise Permanent(message) from error
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    click.echo(f"wrote {len(patches)} fixes to {file}; apply them with `git apply {file}`")


@fixes.command("reject")
@click.argument("fix_id")
@click.option("--reason", required=True, help="Why; later trainings do not learn from it.")
def reject_fix(fix_id: str, reason: str) -> None:
    """Decide against a fix."""
    with opened(here()) as store:
        one = _find(store, fix_id)
        with store.begin() as conn:
            fixes_store.decide(conn, one.id, "rejected", reason)
    click.echo(f"rejected {one.id[:10]}")


def _find(store: Store, prefix: str) -> StoredFix:
    with store.read() as conn:
        found = fixes_store.matching(conn, prefix)
    if len(found) != 1:
        problem = "no fix has" if not found else "several fixes have"
        message = f"{problem} an id that begins with {prefix!r}; see `secaid fixes list`"
        raise click.UsageError(message)
    return found[0]


def _document(one: StoredFix) -> dict[str, object]:
    verdict = one.fix.verdict
    return {
        "id": one.id,
        "finding_id": one.finding_id,
        "approach": one.fix.candidate.approach,
        "source": one.fix.candidate.source,
        "level": str(verdict.level),
        "grade": verdict.grade,
        "verified": verdict.verified,
        "score": verdict.score,
        "reason": verdict.reason,
        "recommendations": verdict.recommendations,
        "evidence": verdict.evidence,
        "state": one.state,
        "patch": one.fix.patch,
        "explanation": one.fix.candidate.explanation,
    }


def _git_apply(patch: str, directory: Path) -> None:
    """All of the patch or none of it.

    Raises:
        Permanent: it does not apply, or git is not there.
    """
    command = ["git", "-C", str(directory), "apply", "--whitespace=nowarn", "-"]
    data = patch.encode("utf-8", "surrogateescape")
    try:
        subprocess.run(command, input=data, check=True, capture_output=True)
    except FileNotFoundError as error:
        message = "git is not installed: install it to apply fixes"
        raise Permanent(message) from error
    except subprocess.CalledProcessError as error:
        back = [*command[:-1], "--reverse", "--check", "-"]
        if subprocess.run(back, input=data, check=False, capture_output=True).returncode == 0:
            message = f"{directory} has this change already, by this fix or by another one's"
            raise Permanent(message) from error
        said = error.stderr.decode("utf-8", "replace").strip()
        message = f"the patch does not apply in {directory}: {said}; is it the scanned commit?"
        raise Permanent(message) from error
