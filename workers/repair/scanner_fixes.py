"""What `zizmor --fix` would do, cut into one candidate per finding, so that each is verified like any other."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Mapping

from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Edit, FixSource
from daemon.errors import ScannerUnavailable, SourceUnavailable
from workers.source.linediff import differences
from workers.source.tree import SourceTree
from workers.verify.batch import Scanners
from workers.verify.scanners.zizmor import fixed

_NAME = "zizmor"
_NEAR_LINES = 3
_READ = re.compile(r"(?<![\\$\w'])\$\{?[A-Za-z_]\w*")
_ITEM = re.compile(r"^(?P<indent>\s*)- ")
_DECLARES = {
    "template-injection": ("jobs.*.steps.*.run", "jobs.*.steps.*.env", "runs.steps.*.run", "runs.steps.*.env"),
    "dependabot-cooldown": ("updates.*.cooldown",),
    "dependabot-execution": ("updates.*.insecure-external-code-execution/delete",),
    "bot-conditions": ("jobs.*.if", "jobs.*.steps.*.if"),
    "insecure-commands": ("**.env.ACTIONS_ALLOW_UNSECURE_COMMANDS/delete",),
    "cache-poisoning": ("jobs.*.steps.*.with",),
    "obfuscation": (
        *("jobs.*.steps.*.uses", "jobs.*.steps.*.run", "jobs.*.if", "jobs.*.steps.*.if"),
        *("env", "jobs.*.env", "jobs.*.steps.*.env", "jobs.*.steps.*.with"),
    ),
}
"""What each edit is about. That of artipacked is left out: where no later step may need the credentials it is the
fixer's to the byte, and elsewhere the fixer lends them to that step instead of taking them away.
"""


def scanner_fixes(findings: Mapping[str, Finding], tree: SourceTree, scanners: Scanners) -> dict[str, list[Candidate]]:
    """Identity → candidates, for zizmor's findings that its own `--fix` changes something about."""
    mine = {identity: finding for identity, finding in findings.items() if finding.tool == _NAME and finding.path}
    if _NAME not in scanners.tools:
        return {}
    rules = {_rule(finding) for finding in mine.values()}
    found: dict[str, list[Candidate]] = {}
    for rule in sorted(rules & _DECLARES.keys()):
        about = {identity: finding for identity, finding in mine.items() if _rule(finding) == rule}
        contents = _contents({finding.path or "" for finding in about.values()}, tree)
        try:
            changed = fixed(scanners.tools[_NAME], contents, disabled=rules - {rule})
        except ScannerUnavailable:
            continue
        for identity, finding in about.items():
            path = finding.path or ""
            edits = _edits(finding, path, contents[path], changed[path]) if path in changed else ()
            if edits and not (rule == "template-injection" and any(_splits(edit.text) for edit in edits)):
                found[identity] = [_candidate(rule, edits)]
    return found


def _splits(text: str) -> bool:
    """Whether a line has a variable outside of quotes, where the shell makes several words of its value."""
    return any(
        line[: match.start()].count('"') % 2 == 0 for line in text.splitlines() for match in _READ.finditer(line)
    )


def _contents(paths: Iterable[str], tree: SourceTree) -> dict[str, bytes]:
    contents = {}
    for path in paths:
        with contextlib.suppress(SourceUnavailable):
            contents[path] = tree.read(path)
    return contents


def _rule(finding: Finding) -> str:
    return finding.rule.rpartition("/")[2]


def _candidate(rule: str, edits: tuple[Edit, ...]) -> Candidate:
    return Candidate(
        approach="zizmor-fix",
        source=FixSource.SCANNER,
        edits=edits,
        explanation=f"zizmor offers this edit for {rule} itself (`zizmor --fix=all`).",
        declares=_DECLARES[rule],
    )


def _edits(finding: Finding, path: str, before: bytes, after: bytes) -> tuple[Edit, ...]:
    """The changed lines within the finding's step, else those near its line; they end as the file's own do."""
    if before.count(b"\r\n") == before.count(b"\n"):
        # zizmor writes plain ends, also in place of the line that it adds to.
        after = after.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    try:
        old, new = before.decode().splitlines(keepends=True), after.decode().splitlines(keepends=True)
    except UnicodeDecodeError:
        return ()
    first, last = _step(old, finding.line or 1)
    starts = list(itertools.accumulate((len(line.encode()) for line in old), initial=0))
    edits = []
    for start, end, now, now_end in differences(old, new):
        # What is inserted belongs to the line before it.
        begin = start if start == end else start + 1
        if first <= begin <= last:
            edits.append(Edit(path=path, start=starts[start], end=starts[end], text="".join(new[now:now_end])))
    return tuple(edits)


def _step(lines: list[str], line: int) -> tuple[int, int]:
    """The list item around a line, from 1; some lines around it where there is none."""
    index = min(line, len(lines)) - 1
    indent = len(lines[index]) - len(lines[index].lstrip()) if lines else 0
    for start in range(index, -1, -1):
        match = _ITEM.match(lines[start])
        if match and (len(match["indent"]) < indent or start == index):
            depth = len(match["indent"])
            after = (number for number in range(start + 1, len(lines)) if _ends(lines[number], depth))
            return start + 1, next(after, len(lines))
    return max(1, line - _NEAR_LINES), line + _NEAR_LINES


def _ends(line: str, depth: int) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= depth
