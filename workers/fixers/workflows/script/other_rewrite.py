"""Expressions in PowerShell, Python and JavaScript → the language's own way to read the environment."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from workers.fixers.registry import NoFix
from workers.fixers.workflows.model import EXPRESSION
from workers.fixers.workflows.script.expressions import inner
from workers.fixers.workflows.script.shell_rewrite import Change, Name

_TOKENS = {
    "python": re.compile(r'#[^\n]*|[rRuUbBfF]{0,2}"""[\s\S]*?"""|[rRuUbBfF]{0,2}\'\'\'[\s\S]*?\'\'\'|'
                         r'[rRuUbBfF]{0,2}"(?:\\.|[^"\\\n])*"|[rRuUbBfF]{0,2}\'(?:\\.|[^\'\\\n])*\''),
    "javascript": re.compile(r'//[^\n]*|/\*[\s\S]*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`(?:\\.|[^`\\])*`'),
    "powershell": re.compile(r"<#[\s\S]*?#>|(?<![\w`$])#[^\n]*|@'\n[\s\S]*?\n\s*'@|@\"\n[\s\S]*?\n\s*\"@|"
                             r"\"(?:`.|\"\"|[^\"`])*\"|'(?:''|[^'])*'"),
}  # fmt: skip
_RUNS_CODE = re.compile(
    r"\b(?:iex|Invoke-Expression|scriptblock\]::Create|ssh|cmd(?:\.exe)?[ \t]+/[ck]"
    r"|(?:pwsh|powershell)(?:\.exe)?\b.*[ \t]-c(?:ommand)?|(?:bash|sh|wsl|python3?|node)\b[^;|]*[ \t]-[ce])\b",
    re.IGNORECASE,
)
_IS_VALUE = re.compile(
    r"(?:\$[\w:.]+[ \t]*[-+*/]?=|[(,+*/]|[ \t]-(?:[ci]?(?:eq|ne|gt|lt|ge|le)|and|or|not|[ci]?(?:not)?in))[ \t]*$"
)
"""What stands before a value in an expression of PowerShell, where a word is no text."""
_SAFE = "\ue000"
"""Stands for a character of an expression, so that its quotes are not the language's."""


def rewrite(language: str, script: str, wanted: Callable[[str], bool], name: Name) -> list[Change]:
    """The changes that take every wanted expression out of a script of `language`.

    Raises:
        NoFix: one stands where the language offers no spelling that means the same.
    """
    writer = {"python": _python, "javascript": _javascript, "powershell": _powershell}[language]
    changes: list[Change] = []
    for span, token in _wanted(language, script, wanted):
        changes += writer(script, span, token, functools.partial(name, script[slice(*span)]))
    return _imported(language, script, changes)


def from_context(script: str, wanted: Callable[[str], bool]) -> list[Change] | None:
    """The changes that read every wanted expression from github-script's own `context`; none where it has not all.

    Raises:
        NoFix: one stands in a string that cannot become a template.
    """
    changes: list[Change] = []
    for span, token in _wanted("javascript", script, wanted):
        value = _in_context(script[slice(*span)])
        if value is None:
            return None
        changes += _written(script, span, token, value, f"String({value})")
    return sorted(dict.fromkeys(changes))


def _wanted(
    language: str, script: str, wanted: Callable[[str], bool]
) -> Iterator[tuple[tuple[int, int], tuple[int, int] | None]]:
    """Where each wanted expression stands, and the string or comment around it."""
    blank = EXPRESSION.sub(lambda match: _SAFE * len(match[0]), script)
    tokens = [(match.start(), match.end()) for match in _TOKENS[language].finditer(blank)]
    for match in EXPRESSION.finditer(script):
        if wanted(match[0]):
            yield (
                match.span(),
                next((span for span in tokens if span[0] <= match.start() and match.end() <= span[1]), None),
            )


def _in_context(expression: str) -> str | None:
    """The expression as actions/github-script's own `context` gives it, where it does; an absent one is empty text."""
    text = inner(expression)
    if match := re.fullmatch(r"github\.event((?:\.[A-Za-z_]\w*)+)", text):
        return "context.payload" + match[1].replace(".", "?.") + ' ?? ""'
    known = {"github.actor": "actor", "github.sha": "sha", "github.ref": "ref", "github.workflow": "workflow",
             "github.repository_owner": "repo.owner", "github.event_name": "eventName", "github.job": "job",
             "github.run_id": "runId", "github.run_number": "runNumber"}  # fmt: skip
    return f"context.{known[text]}" if text in known else None


def _python(
    script: str, span: tuple[int, int], token: tuple[int, int] | None, name: Callable[[], str]
) -> Iterator[Change]:
    expression = script[slice(*span)]
    if token is None:
        message = f"`{expression}` stands bare in Python code: what it may be is for a person to say"
        raise NoFix(message)
    text = script[slice(*token)]
    if text.startswith("#"):
        yield (*span, inner(expression))
        return
    if re.match(r"[rRbBfFuU]|\"\"\"|'''", text):
        message = f"`{expression}` stands in a prefixed or long Python string, which cannot be taken apart safely"
        raise NoFix(message)
    yield from _concatenated(span, token, text[0], f'os.environ["{name()}"]')


def _javascript(
    script: str, span: tuple[int, int], token: tuple[int, int] | None, name: Callable[[], str]
) -> Iterator[Change]:
    if token is not None and script[token[0]] == "/":
        yield (*span, inner(script[slice(*span)]))
    elif token is None:
        yield (*span, f"JSON.parse(process.env.{name()})")
    else:
        value = f"process.env.{name()}"
        yield from _written(script, span, token, value, value)


def _written(
    script: str, span: tuple[int, int], token: tuple[int, int] | None, value: str, alone: str
) -> Iterator[Change]:
    """A value in JavaScript: `alone` for the whole of a string, and `value` in a template and bare."""
    expression = script[slice(*span)]
    if token is None:
        yield (*span, f"({value})" if " " in value else value)
    elif script[token[0]] == "/":
        yield (*span, inner(expression))
    elif script[token[0]] == "`":
        before = EXPRESSION.sub("", script[token[0] : span[0]])
        if before.count("${") > before.count("}"):
            message = f"`{expression}` stands in code within a template literal"
            raise NoFix(message)
        yield (*span, f"${{{value}}}")
    elif (span[0] - token[0], token[1] - span[1]) == (1, 1):
        yield (*token, alone)
    elif re.search(r"`|\$\{", EXPRESSION.sub("", script[slice(*token)])):
        message = f"`{expression}` stands in a string that cannot become a template literal as it is"
        raise NoFix(message)
    else:
        yield (token[0], token[0] + 1, "`")
        yield (*span, f"${{{value}}}")
        yield (token[1] - 1, token[1], "`")


def _powershell(
    script: str, span: tuple[int, int], token: tuple[int, int] | None, name: Callable[[], str]
) -> Iterator[Change]:
    line = script[script.rfind("\n", 0, span[0]) + 1 : span[0]]
    is_comment = token is not None and script[token[0]] in "#<"
    if not is_comment and _RUNS_CODE.search(line):
        message = f"`{script[slice(*span)]}` becomes code of another program, where a variable would still be code"
        raise NoFix(message)
    if token is None:
        yield from _bare_powershell(script, span, name)
        return
    text = script[slice(*token)]
    if text.startswith(("#", "<#")):
        yield (*span, inner(script[slice(*span)]))
    elif text.startswith(('"', '@"')):
        yield (*span, f"${{env:{name()}}}")
    elif text.startswith("@'") or re.search(r'[$`"]', EXPRESSION.sub("", text)):
        message = "the expression stands in a PowerShell string that expands nothing, and its other text would change"
        raise NoFix(message)
    elif (span[0] - token[0], token[1] - span[1]) == (1, 1):
        # In quotes, as a variable that is empty is null in PowerShell, and no argument at all.
        yield (*token, f'"${{env:{name()}}}"')
    else:
        yield (token[0], token[0] + 1, '"')
        yield (*span, f"${{env:{name()}}}")
        yield (token[1] - 1, token[1], '"')


def _bare_powershell(script: str, span: tuple[int, int], name: Callable[[], str]) -> Iterator[Change]:
    before = re.search(r"[^\s=(,;|&{]*$", script[: span[0]])
    after = re.match(r"[^\s),;|&}]*", script[span[1] :])
    start = span[0] - len(before[0]) if before else span[0]
    end = span[1] + len(after[0]) if after else span[1]
    rest = script[start : span[0]] + script[span[1] : end]
    if EXPRESSION.search(rest) or re.search(r"[$`\"']", rest):
        message = "the expression is one of several parts of a PowerShell word, which cannot be quoted safely"
        raise NoFix(message)
    if not rest:
        if _IS_VALUE.search(script[:start]):
            message = "the expression is a value of PowerShell's own, a number or a truth, which would become a text"
            raise NoFix(message)
        if re.search(r"(?:^|[\n;|&{])[ \t]*$", script[:start]):
            message = "the expression is itself the command: which commands may run is for a person to list"
            raise NoFix(message)
        yield (*span, f"$env:{name()}")
        return
    yield (start, start, '"')
    yield (*span, f"${{env:{name()}}}")
    yield (end, end, '"')


def _concatenated(span: tuple[int, int], token: tuple[int, int], quote: str, value: str) -> Iterator[Change]:
    """A string falls apart around the value; empty parts are left out, parentheses keep the rest of the line apart."""
    first, last = span[0] - token[0] == 1, token[1] - span[1] == 1
    if not (first and last):
        yield (token[0], token[0], "(")
        yield (token[1], token[1], ")")
    yield (token[0], span[0], "") if first else (span[0], span[0], f"{quote} + ")
    yield (*span, value)
    yield (span[1], token[1], "") if last else (span[1], span[1], f" + {quote}")


def _imported(language: str, script: str, changes: list[Change]) -> list[Change]:
    found = sorted(dict.fromkeys(changes))
    used = any("os.environ" in text for _, _, text in found)
    if language == "python" and used and not re.search(r"^[ \t]*import os\b", script, re.MULTILINE):
        first = re.search(r"^(?P<indent>[ \t]*)(?=\S)", script, re.MULTILINE)
        at, indent = (first.start(), first["indent"]) if first else (0, "")
        found = [(at, at, f"{indent}import os\n"), *found]
    return found
