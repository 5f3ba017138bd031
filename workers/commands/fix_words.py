"""The sentences of `secaid fix`: what was found, done, left, and not looked at; nothing in them steers a terminal."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from daemon.masking import mask
from workers.commands.fix_json import Applied
from workers.commands.fix_json import readable as path_text
from workers.repair.item import Item
from workers.repair.look import Look

MOST_NAMES = 8
"""Lines of a rule, files of a reason, rules: more are counted."""


def first_answer(items: Sequence[Item], seconds: float) -> str:
    """How many findings there are, by severity, as soon as they are known; nothing where there is none."""
    if not items:
        return ""
    counts = Counter(item.finding.severity for item in items)
    worst_first = sorted(counts.items(), key=lambda pair: -pair[0].rank)
    listed = ", ".join(f"{count} {severity}" for severity, count in worst_first)
    return f"{_findings(len(items))} in {seconds:.0f} s: {listed}; looking for fixes"


def applied_words(applied: Applied, folder: Path, *, others: bool = False) -> str:
    """What `--apply` did, what is left, and how to take it back; `others` are findings that were not asked for."""
    none = "none of the findings asked for is left" if others else "no finding is left"
    left = f"{_findings(applied.findings_left)} left" if applied.findings_left else none
    if not applied.files:
        return f"Nothing was changed; {left}"
    return f"Fixed in {_files(len(applied.files))}, {left}. To take it back: secaid fix {quoted(folder)} --undo"


def not_looked_at(seen: Look) -> Iterator[str]:
    """What nobody looked at, and why: a line a reason."""
    by_reason: dict[str, list[str]] = {}
    for one in seen.unread:
        by_reason.setdefault(one.reason, []).append(one_line(path_text(one.path)))
    for failed in seen.failed:
        paths = by_reason.pop(f"was not read by {failed}", [])
        yield f"scanner failed: {one_line(failed)}" + (f"; it should have read {_named(paths)}" if paths else "")
    for name, count in sorted(seen.absent.items()):
        yield f"{name} is not installed and would read {_files(count)}: `secaid setup --scanners {name}`"
    for reason, paths in by_reason.items():
        yield f"{_named(paths)}: {one_line(reason)}"


def _named(paths: Sequence[str]) -> str:
    return ", ".join(paths[:MOST_NAMES]) + (f" and {len(paths) - MOST_NAMES} more" if len(paths) > MOST_NAMES else "")


def counted(counts: Mapping[str, Any]) -> str:
    """How many findings have a verified fix, of the summary's counts."""
    fixed, several, harmless = (counts[key] for key in ("with_verified_fix", "with_multiple_approaches", "harmless"))
    if counts["findings"] == 1:
        fix = "a verified fix in several approaches" if several else "a verified fix" if fixed else "no verified fix"
        return f"One finding, with {'nothing to mend' if harmless else fix}"
    return (
        f"{counts['findings']} findings: {fixed} with a verified fix ({round(100 * fixed / counts['findings'])} %)"
        + (f", {several} of them with several approaches" if several else "")
        + (f"; {harmless} with nothing to mend" if harmless else "")
    )


def quoted(folder: Path) -> str:
    """The folder as a shell takes it."""
    return printable(shlex.quote(str(folder)))


def nothing(seen: Look) -> str:
    """Why there is no finding to tell of."""
    if not seen.files:
        return "Nothing was looked at: no file here is one that an installed scanner reads."
    if others := sum(seen.others.values()):
        if others == 1:
            return f"The one finding is not what was asked for: {one_line(next(iter(seen.others)))}"
        rules = ", ".join(sorted(seen.others)[:MOST_NAMES]) + (", …" if len(seen.others) > MOST_NAMES else "")
        return f"None of the {others} findings is one that was asked for; their rules: {one_line(rules)}"
    return f"No findings in {_files(seen.files)}."


def _findings(count: int) -> str:
    return "one finding" if count == 1 else f"{count} findings"


def _files(count: int) -> str:
    return "one file" if count == 1 else f"{count} files"


def one_line(text: str) -> str:
    """The text in one line, without credentials and without what would move a terminal's cursor."""
    return printable(" ".join(mask(text).split()))


def printable(text: str) -> str:
    """A finding, or a file, must not move the cursor or colour the terminal."""
    return "".join(char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text)
