"""A page of findings for a person: one line each where the terminal is wide or a pipe, two lines where it is narrow."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from daemon.cli.output import COLOURS, console, printable
from daemon.domain.finding import Finding, FindingState, Package
from daemon.store.findings import StoredFinding
from daemon.store.summary import NoisyRule

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_WIDE = 110
"""Columns from which on a finding fits one line."""
_BEFORE, _AFTER = 24, 26
"""Columns that severity and id take, and those of age and fix."""
_AGES = ((86_400 * 14, 86_400 * 7, "w"), (86_400, 86_400, "d"), (3600, 3600, "h"), (60, 60, "min"))
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"(?:[A-Z][A-Z0-9]*[-_])*[A-Z]*\d+(?:-\d+)?")
_NUMBERS = re.compile(r"\d+")


def print_list(found: Sequence[StoredFinding], total: int, new: int, noisy: Sequence[NoisyRule]) -> None:
    """A page of findings under what a person should know before reading them."""
    from rich.text import Text

    screen = console(table=True)
    screen.print(
        Text.assemble((f"{total:,} findings", "bold"), f", most urgent first; {new:,} new since the last scan")
    )
    for rule in noisy:
        screen.print(Text(printable(str(rule)), style="dim"))
    screen.print()
    folded = [(members[0], len(members) - 1) for members in _folded(found)]
    screen.print(_lines(folded, screen.width) if screen.width >= _WIDE else _pairs(folded, screen.width))
    if total > len(found):
        screen.print(Text(f"\nthe first {len(found):,} of {total:,}; --limit and --offset show more", style="dim"))


def _folded(found: Sequence[StoredFinding]) -> Iterator[list[StoredFinding]]:
    """Neighbours of one group as one: the same vulnerability, say, in several manifests and by several scanners."""
    return (list(group) for _, group in itertools.groupby(found, key=lambda one: one.group or one.id))


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    return table


def _lines(folded: Sequence[tuple[StoredFinding, int]], width: int) -> Table:
    from rich.text import Text

    table = _table("severity", "id", "scanner", "rule", "where", "age", "fix")
    scanner = 2 + max((len(one.finding.tool) for one, _ in folded), default=7)
    room = width - _BEFORE - scanner - _AFTER
    for one, others in folded:
        rule, where = _rule(one.finding, room * 2 // 5), _where(one.finding, others, room * 3 // 5 - 2)
        table.add_row(*_head(one), Text(printable(one.finding.tool)), rule, where, _age(one), _fix(one))
    return table


def _pairs(folded: Sequence[tuple[StoredFinding, int]], width: int) -> Table:
    from rich.text import Text

    table = _table("severity", "id", "what and where")
    room = max(20, width - _BEFORE)
    for one, others in folded:
        scanner = printable(one.finding.tool)
        tail = Text.assemble(", ", _age(one), ", ", _fix(one))
        rule = _rule(one.finding, room - len(scanner) - 1 - len(tail))
        where = _where(one.finding, others, room)
        table.add_row(*_head(one), Text.assemble((scanner, "bold"), " ", rule, tail, "\n", where))
    return table


def _head(one: StoredFinding) -> Iterator[Text]:
    from rich.text import Text

    yield Text(str(one.finding.severity), style=COLOURS[one.finding.severity])
    yield Text(one.id[:10], style="dim")


def _rule(finding: Finding, room: int) -> Text:
    """The rule, and what it means where its id is a number that only its scanner's manual explains."""
    from rich.text import Text

    rule, title = finding.rule, finding.title
    if finding.package is None and title and title != rule:
        if _UUID.fullmatch(rule):
            return Text(printable(_cut(title, room)))
        if _CODE.fullmatch(rule):
            return Text.assemble(printable(rule), (printable(_cut(f" {title}", max(room - len(rule), 1))), "dim"))
    return Text(printable(_end_of(rule, room)))


def _where(finding: Finding, others: int, room: int) -> Text:
    """`others`: how many more of its group follow it."""
    from rich.text import Text

    more = f" +{others}" if others else ""
    return Text.assemble(printable(_end_of(place(finding), room - len(more))), (more, "bold"))


def _age(one: StoredFinding) -> Text:
    from rich.text import Text

    return Text("new", style="bold green") if one.new else Text(age(one.first_seen_at))


def _fix(one: StoredFinding) -> Text:
    from rich.text import Text

    return Text(printable(_cut(fix_at_hand(one), 20)), style="green" if one.outcome == "fixed" else "")


def fix_at_hand(one: StoredFinding) -> str:
    """`verified`, else what the report offers, else how far fixing is."""
    if one.state is FindingState.SUPPRESSED:
        return "suppressed"
    if one.outcome == "fixed":
        return "verified"
    package = one.finding.package
    if package and package.fixed_versions:
        return f"in {_nearest(package)}"
    if one.finding.fixes:
        return "offered"
    return "none" if one.outcome == "unfixed" else "pending"


def _nearest(package: Package) -> str:
    """Of the versions that fix it, the next one after the one in use: several lines of releases may be mended."""
    numbered = [(_version(fixed), fixed) for fixed in package.fixed_versions]
    later = [one for one in numbered if one[0] > _version(package.version)]
    return min(later)[1] if later else package.fixed_versions[0]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number[:12]) for number in _NUMBERS.findall(text)[:8])


def place(finding: Finding) -> str:
    """Where it is, on one line: a package, a line of a file, a page, an image."""
    if finding.package:
        return f"{finding.package.name} {finding.package.version}"
    if finding.path:
        return f"{finding.path}:{finding.line}" if finding.line else finding.path
    return finding.location.url or finding.location.logical or ""


def age(since: float) -> str:
    """`3 d`: how long ago, in the largest unit that makes sense."""
    seconds = max(0.0, time.time() - since)
    return next((f"{seconds / unit:.0f} {name}" for least, unit, name in _AGES if seconds >= least), "now")


def _end_of(text: str, width: int) -> str:
    """The end of a long name says more than its beginning."""
    return text if len(text) <= width else f"…{text[len(text) - max(width, 2) + 1 :]}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(width, 2) - 1]}…"
