"""Conditions of which only a part stands in `${{ … }}`: GitHub takes the whole for a text, which is always true."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows.model import EXPRESSION

Change = tuple[int, int, str]
"""From, to, and what stands there instead."""
_MARK = "\ue000"
"""Stands for an expression with its braces, so that its quotes and operators are not those around it."""
_TOKEN = re.compile(
    r"\s*(?:(?P<operand>'(?:[^']|'')*'|\ue000|-?\d[\w.]*|[A-Za-z_][\w.\-*]*(?:\[[^\]]*\][\w.\-*]*)*(?P<call>\()?)"
    r"|(?P<binary>==|!=|<=?|>=?|&&|\|\||,)|(?P<negation>!)|(?P<open>\()|(?P<close>\)))"
)
_ATOM = re.compile(r"[\w.\-*]+(?:\([^()]*\)|\[[^\[\]]*\])?|'(?:[^']|'')*'")
_TEXT = re.compile(r"'(?:[^']|'')*'")


def unfenced(text: str) -> list[Change] | None:
    """The changes that make a condition one expression, without braces; none where it is no expression then either."""
    marked = EXPRESSION.sub(_MARK, text)
    if "${{" in marked or not _is_expression(marked):
        return None
    changes: list[Change] = []
    for match in EXPRESSION.finditer(text):
        start, end = match.span()
        if _inside_text(text, start):
            if text[start - 1 : start] != "'" or text[end : end + 1] != "'":
                return None
            start, end = start - 1, end + 1
        inner = match["inner"].strip()
        changes.append((start, end, f"({inner})" if _needs_parentheses(inner, text[:start], text[end:]) else inner))
    return changes


def _is_expression(text: str) -> bool:
    """Whether operands and operators take turns, and every parenthesis is closed."""
    operand, depth, at = False, 0, 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            return False
        at = match.end()
        if match["operand"] and not operand:
            operand, depth = not match["call"], depth + bool(match["call"])
        elif match["binary"] and operand:
            operand = False
        elif (match["negation"] or match["open"]) and not operand:
            depth += bool(match["open"])
        elif match["close"] and depth and (operand or stripped[: match.start("close")].rstrip().endswith("(")):
            operand, depth = True, depth - 1
        else:
            return False
    return operand and depth == 0


def _inside_text(text: str, at: int) -> bool:
    marked = EXPRESSION.sub(lambda match: _MARK * len(match[0]), text)
    return any(match.start() < at < match.end() for match in _TEXT.finditer(marked))


def _needs_parentheses(inner: str, before: str, after: str) -> bool:
    if not (before.strip() or after.strip()) or _ATOM.fullmatch(inner):
        return False
    plain = _TEXT.sub("''", inner)
    near = re.search(r"(?:^|\(|,|&&|\|\|)\s*$", before) and re.match(r"\s*(?:$|\)|,|&&|\|\|)", after)
    return near is None or "&&" in plain or "||" in plain


def applied(text: str, changes: list[Change]) -> str:
    """The text with its changes."""
    return "".join(_pieces(text, changes))


def _pieces(text: str, changes: list[Change]) -> Iterator[str]:
    at = 0
    for start, end, new in changes:
        yield text[at:start]
        yield new
        at = end
    yield text[at:]
