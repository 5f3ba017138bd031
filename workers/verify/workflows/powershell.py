"""A script of PowerShell as it is meant, and the places where it reads a variable otherwise than the expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.verify.workflows.model import EXPRESSION, Step
from workers.verify.workflows.words import values_of, worded

_READ = re.compile(r"\$(?:\{env:(?P<braced>\w+)\}|env:(?P<plain>\w+))", re.IGNORECASE)
_LITERAL = re.compile(r"(@'[ \t]*\r?\n[\s\S]*?\n[ \t]*'@|'[^'\n]*')")
_STRING = re.compile(
    r"@'[ \t]*\r?\n[\s\S]*?\n[ \t]*'@|@\"[ \t]*\r?\n[\s\S]*?\n[ \t]*\"@|\"(?:`.|\"\"|[^\"`])*\"|'(?:''|[^'])*'"
)
_PROPERTY = re.compile(r"(?<![\w./\\:$-])\$env:\w+(?:\.[A-Za-z_]|\[|::)")
_COMMAND = re.compile(r"(?:^|[\n;|{])[ \t]*(?:&[ \t]*)?\$\{\{")
_RUNS = re.compile(
    r"\b(?:iex|Invoke-Expression|scriptblock\]::Create|ssh|cmd(?:\.exe)?[ \t]+/[ck]"
    r"|(?:pwsh|powershell)(?:\.exe)?\b[^\n]*[ \t]-c(?:ommand)?"
    r"|(?:bash|sh|wsl|python3?|node)\b[^\n;|]*[ \t]-[ce])\b[^\n]*",
    re.IGNORECASE,
)
"""Programs with their code behind them, in which PowerShell still expands variables."""


def meant(step: Step, named: Iterable[str]) -> str:
    """The step's script with every variable and expression as one harmless word."""
    values = values_of(step, named)

    def value(match: re.Match[str]) -> str:
        return values.get(match["braced"] or match["plain"], match[0])

    pieces = _LITERAL.split(worded(step.run or "", values))
    expanded = [piece if _LITERAL.fullmatch(piece) else _READ.sub(value, piece) for piece in pieces]
    return re.sub(r"['\"`]|\$\((w[0-9a-f]{10})\)", r"\1", "".join(expanded))


def misread(before: str, after: str) -> str | None:
    """How PowerShell comes to read a variable otherwise; none where it does not, or did so before."""
    if len(_COMMAND.findall(before)) > len(_COMMAND.findall(after)):
        return "an expression that was itself a command is a text now"
    bare = _STRING.sub("''", after)
    if (found := _PROPERTY.search(bare)) is not None and found[0] not in before:
        return f"PowerShell reads {found[0]} as a part of the variable's value, not as its value and more"
    for match in _RUNS.finditer(after):
        if _READ.search(match[0]) and EXPRESSION.search(before) and match[0] not in before:
            return f"PowerShell pastes a variable into the code that {match[0].split()[0]} runs, as the expression was"
    return None
