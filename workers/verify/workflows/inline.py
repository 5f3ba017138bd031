"""Whether a rewritten inline script of actions/github-script still has every value, read from where it was put."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from workers.verify.workflows.model import EXPRESSION, Step

_ACTION = "actions/github-script"
_READ = re.compile(r"process\.env(?:\.(?P<name>\w+)|\[\s*(['\"`])(?P<key>\w+)\2\s*\])")
_TEXT = re.compile(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|`(?:\\.|[^`\\])*`")
_FILLED_IN = re.compile(r"(?<!\\)\$\{(?:[^{}]|\{[^{}]*\})*\}")
"""What a template's text is filled in with: code, whatever quotes stand around it."""
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_ITS_OWN = re.compile(r"GITHUB_\w+|RUNNER_\w+|CI|HOME|PATH|ACTIONS_\w+")
_RUNS = frozenset(("eval", "Function", "setTimeout", "setInterval", "exec", "execSync", "import"))


def changed_meaning(before: Step, after: Step) -> Iterator[str]:
    """How the script lost a value or more, as sentences; nothing where it did not, or is no inline script."""
    old, new = before.inputs.get("script"), after.inputs.get("script")
    if before.action != _ACTION or old is None or new is None or old == new:
        return
    code = _without_text(new)
    read = {match["name"] or match["key"] for match in _READ.finditer(code)}
    for name in sorted(read - {match["name"] or match["key"] for match in _READ.finditer(old)}):
        if name not in after.everything and not _ITS_OWN.fullmatch(name):
            yield f"its script reads process.env.{name}, which nothing sets"
    for expression in _expressions(old) - _expressions(new):
        if not any(_expressions(after.everything.get(name, "")) == {expression} for name in read) and not _context(
            expression, code
        ):
            yield f"its script no longer gets `{expression[:60]}`"
    was, now = Counter(_words(old)), Counter(_words(new))
    if gone := [word for word, count in was.items() if now[word] < count and word not in _SCAFFOLD]:
        yield f"its script lost `{gone[0]}`"
    if added := sorted(_RUNS & (now.keys() - was.keys())):
        yield f"its script runs the value as code: `{added[0]}`"


_SCAFFOLD = frozenset(("JSON", "parse", "stringify", "toString", "String", "fromJSON", "toJSON"))


def _expressions(text: str) -> set[str]:
    return {"".join(match["inside"].split()) for match in EXPRESSION.finditer(text)}


def _context(expression: str, script: str) -> bool:
    """Whether the script's code takes the same of the payload that github-script hands over."""
    last = re.split(r"[.\[\]']+", expression.strip("."))[-1] or expression
    return "context." in script and bool(re.search(rf"\b{re.escape(last)}\b", script))


def _words(script: str) -> list[str]:
    """The names in its code, expressions and texts left out."""
    return _WORD.findall(_without_text(EXPRESSION.sub(" ", script)))


def _without_text(script: str) -> str:
    return _TEXT.sub(lambda match: " ".join(_FILLED_IN.findall(match[0])) if match[0][0] == "`" else "''", script)
