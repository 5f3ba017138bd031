"""What hadolint had kept to itself: of the findings of ShellCheck in one RUN it reports a single one.

Where that one ends, another comes to light that the script had all along. It is told from a new one by the change: a
fix that only puts words in quotes, writes backticks as `$(…)`, keeps a glob from being an option or names the shell
leaves every command as it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from daemon.domain.finding import Finding

_SHELLCHECK = re.compile(r"SC\d{4}")
_ABOUT_QUOTES = frozenset((
    "SC2026", "SC2027", "SC2089", "SC2090", "SC2140", "SC1003", "SC1078", "SC1079", "SC1110", "SC1111",
))  # fmt: skip
"""What the quotes themselves can bring about."""
_EXPRESSION_IN_QUOTES = "SC2016"
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'", re.DOTALL)
_SHELL = re.compile(r"(?im)^[ \t]*SHELL[ \t]+\[.*\][ \t]*\r?\n")
_REWRITTEN = (("", '"'), ("`", "$("), ("`", ")"), ("", "./"), ("", "-- "))
"""What may stand in the place of what."""
WHY = "hadolint reports one remark of ShellCheck for each RUN, and this one was hidden behind the one that ended"


def was_masked(new: Finding, ended: Sequence[Finding], before: bytes, after: bytes) -> bool:
    """Whether a finding of the patched file is one that the original had too, behind another of its kind."""
    if new.tool != "hadolint" or not _SHELLCHECK.fullmatch(new.rule) or new.rule in _ABOUT_QUOTES:
        return False
    if not any(one.tool == "hadolint" and _SHELLCHECK.fullmatch(one.rule) for one in ended):
        return False
    old, now = (_SHELL.sub("", text.decode("utf-8", "replace")) for text in (before, after))
    if new.rule == _EXPRESSION_IN_QUOTES and _single_quoted(old) != _single_quoted(now):
        return False
    return _same_commands(old, now)


def _single_quoted(text: str) -> list[str]:
    return [quoted for quoted in _QUOTED.findall(text) if quoted.startswith("'")]


def _same_commands(before: str, after: str) -> bool:
    """Whether the text became the other one by what may stand in the place of something alone."""
    old = new = 0
    while new < len(after):
        if old < len(before) and before[old] == after[new]:
            old, new = old + 1, new + 1
            continue
        step = next(
            (pair for pair in _REWRITTEN if before.startswith(pair[0], old) and after.startswith(pair[1], new)), None
        )
        if step is None:
            return False
        old, new = old + len(step[0]), new + len(step[1])
    return old == len(before)
