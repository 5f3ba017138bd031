"""Files that every account of the machine may read or write."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, Parsed, any_of, candidate, region
from workers.fixers.jvm.source import flagged_bytes, is_kotlin, jvm, matches, statement
from workers.fixers.registry import NoFix, Target, fixer

_TEXT = r"\bPosixFilePermissions\s*\.\s*fromString\(\s*\"(?P<value>[r-][w-][x-][r-][w-][x-][r-][w-][x-])\""
_ADDED = r"\b(?P<name>\w+)\s*\.\s*add\(\s*(?:[\w.]+\.)?OTHERS_(?:READ|WRITE|EXECUTE)\s*\)"
_WARNING = "A program of another account no longer reaches the file: put the two accounts into one group."


@fixer(
    name="jvm-file-permission",
    weakness="file open to all accounts",
    cwes=(732, 276),
    rules={"semgrep": ["overly-permissive-file-permission"]},
    explain="""The last three letters of a file's permissions are for every account of the machine: whichever program
runs there, taken over or not, reads the file, or writes into it (CWE-732).

A file is for the account that made it, and where two have to share it, for a group of theirs. The permissions of others
go; without those of the group as well the file is the owner's alone.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`rw-rw-r--` → `rw-rw----` or `rw-------`; `add(OTHERS_…)` → gone."""
    file = jvm(target)
    span = flagged_bytes(target, file)
    texts = matches(file, _TEXT, *span)
    if texts and not texts[0]["value"].endswith(b"---"):
        start, end = texts[0].span("value")
        value = texts[0]["value"].decode()
        for approach, safe, why in (
            ("owner-and-group", f"{value[:6]}---", "Other accounts can do nothing with the file."),
            ("owner-only", f"{value[:3]}------", "Only the account that owns the file can do anything with it."),
        ):
            yield candidate(approach, [file.edit(start, end, safe)], why, warnings=(_WARNING,))
        return
    added = matches(file, _ADDED, *span)
    if not added:
        message = f"{file.path}:{region(target).start_line} does not show which permissions others are given"
        raise NoFix(message)
    yield from any_of(lambda: _without(file, added[0]["name"].decode(), span))


def _without(file: Parsed, name: str, span: tuple[int, int]) -> Candidate:
    """The set of permissions without those of others, as far as they are added on lines of their own."""
    edits, declares = [], []
    for match in matches(file, _ADDED, *span):
        holder = statement(file, match.start())
        line = file.number(holder)
        alone = file.line(line).decode().strip() == file.slice(holder.start_byte, file.line_end(line))
        only = file.text(holder).rstrip("; ") == match[0].decode() and (alone or is_kotlin(file))
        if match["name"].decode() != name or not only or line >= len(file.starts):
            message = f"{file.path}:{line} adds the permission among other things: leave that part out"
            raise NoFix(message)
        edits.append(file.edit(file.starts[line - 1], file.starts[line], ""))
        declares += [f"{FLAGGED}/delete", f"statement:{line}/delete"]
    return candidate(
        "owner-and-group",
        edits,
        "Other accounts can do nothing with the file.",
        declares=declares,
        warnings=(_WARNING,),
    )
