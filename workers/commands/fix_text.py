"""What `secaid fix` prints for people: findings by file, each with its best fix, then the counts."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.output import COLOURS
from daemon.domain.edits import patch_name
from daemon.domain.finding import Finding
from daemon.domain.fix import Fix, Level
from workers.commands.fix_json import Applied, summary
from workers.commands.fix_words import (
    MOST_NAMES,
    applied_words,
    counted,
    not_looked_at,
    nothing,
    one_line,
    printable,
    quoted,
)
from workers.repair.item import Item
from workers.repair.look import Look
from workers.repair.secret_patch import readable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_INDENT = 9
_CONTEXT = 1
"""Unchanged lines shown around a change."""
_TOP_RULES = 12
_PIPED_WIDTH = 160
_DIFF = {"+": "green", "-": "red", "@": "cyan"}


def show(
    items: Sequence[Item], seen: Look, folder: Path, level: Level, *, applied: Applied | None = None, above: str = ""
) -> None:
    """Findings by file, each with its best fix as a diff and the other approaches by name; then the counts."""
    from rich.console import Console

    console = Console(highlight=False)
    # Nothing is cut where a program or a file reads along.
    page = _Page(console, console.width if console.is_terminal else max(console.width, _PIPED_WIDTH), level, above)
    for path, group in itertools.groupby(sorted(items, key=_place), key=lambda item: item.finding.path):
        page.file(path or "(no file)", list(group))
    page.not_looked_at(seen)
    page.summary(items, seen, folder, applied=applied)


class _Page:
    """One run's output; what was explained once is not explained again."""

    def __init__(self, console: Console, width: int, level: Level, above: str) -> None:
        self._console = console
        self._width = width
        self._level = level
        self._above = above
        self._explained: set[str] = set()
        self._shown: dict[str, str] = {}
        """Patches → what each was shown for first."""

    def file(self, path: str, items: Sequence[Item]) -> None:
        """One file: what can be fixed, line by line, then what cannot, in short."""
        self._print("")
        self._print(printable(path), "bold")
        unfixed = []
        for item in items:
            fixes = [fix for fix in item.verified if fix.verdict.level >= self._level]
            if fixes:
                self._fixed(item, fixes)
            else:
                unfixed.append(item)
        for head, reason in _unfixed(unfixed):
            self._head(head, "dim")
            self._wrapped(reason, "dim")

    def _fixed(self, item: Item, fixes: Sequence[Fix]) -> None:
        finding, best = item.finding, fixes[0]
        head = _text(f"{finding.line or '-':>6}  ")
        head.append(f"{finding.severity:<8}  ", style=COLOURS[finding.severity])
        head.append(f"{finding.rule}", style="bold")
        head.append(f"  {finding.tool}  {_said(finding)}", style="dim")
        self._head(head)
        verdict = best.verdict
        grade = "" if verdict.grade == "same scanner" else f", by {verdict.grade}"
        self._print(f"{'':{_INDENT}}{best.candidate.approach}  {verdict.level}{grade}, {verdict.rating}", "green")
        if best.candidate.explanation not in self._explained:
            self._explained.add(best.candidate.explanation)
            self._wrapped(one_line(best.candidate.explanation), "dim")
        for warning in dict.fromkeys((*best.candidate.warnings, *verdict.recommendations)):
            self._wrapped(f"check: {one_line(warning)}", "yellow")
        if (shown := self._shown.get(best.patch)) is not None:
            self._wrapped(f"the same change as above, for {shown}", "dim")
        else:
            self._shown[best.patch] = f"{finding.rule} at line {finding.line}" if finding.line else finding.rule
            for line in _hunks(readable(best.patch), finding.path or "", self._above):
                self._print(f"{'':{_INDENT}}{printable(line)}", _DIFF.get(line[:1], ""))
        if len(fixes) > 1:
            others = ", ".join(f"{fix.candidate.approach} ({fix.verdict.score:.2f})" for fix in fixes[1:])
            self._wrapped(f"or {others}", "dim")

    def not_looked_at(self, seen: Look) -> None:
        """What a reader must not take for clean."""
        lines = list(not_looked_at(seen))
        if lines:
            self._print("")
            self._print("Not looked at", "bold yellow")
        for line in lines:
            self._wrapped(line, "", indent=2)

    def summary(self, items: Sequence[Item], seen: Look, folder: Path, *, applied: Applied | None) -> None:
        """The counts, by rule where there are several, and what to do next."""
        counts = summary(items)
        self._print("")
        if not items:
            self._wrapped(nothing(seen), "bold", indent=0)
            return
        rules = sorted(counts["by_rule"].items(), key=lambda row: (-row[1]["findings"], row[0]))
        width = max(len(rule) for rule, _ in rules[:_TOP_RULES])
        if len(rules) > 1:
            self._print(f"{'':{width}}  findings  fixed  several", "dim")
        for rule, row in rules[:_TOP_RULES] if len(rules) > 1 else ():
            numbers = f"{row['findings']:>8}  {row['with_verified_fix']:>5}  {row['with_multiple_approaches']:>7}"
            self._print(f"{printable(rule):{width}}  {numbers}")
        if len(rules) > _TOP_RULES:
            self._print(f"and {len(rules) - _TOP_RULES} more rules", "dim")
        self._wrapped(counted(counts), "bold", indent=0)
        if applied is not None:
            self._wrapped(applied_words(applied, folder, others=bool(seen.others)), "bold", indent=0)
        elif counts["with_verified_fix"]:
            several = "    Another of the approaches: --approach NAME" if counts["with_multiple_approaches"] else ""
            self._print(f"Apply them: secaid fix {quoted(folder)} --apply    As a patch: --patch FILE{several}", "dim")

    def _head(self, line: str | Text, style: str = "") -> None:
        """One line, cut where the terminal ends."""
        head = _text(line, style) if isinstance(line, str) else line
        head.truncate(self._width, overflow="ellipsis")
        self._console.print(head, soft_wrap=True)

    def _wrapped(self, words: str, style: str, *, indent: int = _INDENT) -> None:
        lines = textwrap.wrap(
            words,
            max(self._width, 40),
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            self._print(line, style)

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(_text(line, style), soft_wrap=True)


def _unfixed(items: Iterable[Item]) -> Iterator[tuple[str, str]]:
    """Where and what, and why nothing is offered; one pair for all places of one rule with one reason."""
    grouped: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        finding = item.finding
        reason = item.reason or "none of its fixes reached the level asked for"
        here = f"{finding.path}:{finding.line} "
        grouped.setdefault((f"{finding.tool} {finding.rule}", reason.replace(here, "")), []).append(item)
    for (_, reason), group in grouped.items():
        finding = group[0].finding
        what = "nothing to mend" if group[0].harmless else "no fix"
        lines = sorted({item.finding.line or 0 for item in group})
        places = ", ".join(str(line) if line else "-" for line in lines[:MOST_NAMES])
        places += ", …" if len(lines) > MOST_NAMES else ""
        head = f"{places:>6}  {finding.severity:<8}  {finding.rule}  {finding.tool}  {_said(finding)}"
        yield head, f"{what}: {one_line(reason)}"


def _said(finding: Finding) -> str:
    """What was found: the message, or the title where the message only repeats the path that stands above."""
    repeats = finding.path is not None and finding.path in finding.message
    return one_line(finding.title if repeats and finding.title not in {"", finding.rule} else finding.message)


def _hunks(diff: str, path: str, above: str) -> Iterator[str]:
    """The lines of a diff, with less around each change; the name of another file in front of what changes there."""
    shown: list[str] = []
    in_head = False
    for line in (each.removesuffix("\r") for each in diff.split("\n") if each):
        in_head = line.startswith("diff --git ") or (in_head and not line.startswith("@@"))
        if not in_head:
            shown.append("@@" + line.split("@@")[1] + "@@" if line.startswith("@@") else line)
        elif line.startswith("+++ ") and (name := line[4:].rstrip("\t")) != patch_name("b/", above + path):
            shown.append(name.removeprefix(f"b/{above}"))
    kept: set[int] = set()
    for number, line in enumerate(shown):
        if line[:1] in {"+", "-"}:
            kept.update(range(number - _CONTEXT, number + _CONTEXT + 1))
    yield from (line for number, line in enumerate(shown) if number in kept or line[:1] not in {" ", "\\"})


def _place(item: Item) -> tuple[str, int, str]:
    return item.finding.path or "", item.finding.line or 0, item.finding.rule


def _text(line: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(line, style=style)
