"""A command that went through a shell → the same program with the same words, without one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workers.verify.python.fold import constant
from workers.verify.python.sides import Side

_STARTS = re.compile(r"^subprocess\.(?:run|call|check_call|check_output|Popen)$")
_INTERPRETERS = re.compile(
    r"(?:.*[/\\])?(?:(?:ba|da|z|k)?sh|cmd(?:\.exe)?|powershell|pwsh|env|python[\d.]*|perl|ruby|node|busybox)",
    re.IGNORECASE,
)
_ABOUT = frozenset(("shell", "args"))


def unmet(old: Side, new: Side) -> Iterator[str]:
    """Why it is not the same command without a shell, as phrases."""
    was = next((call for call in old.calls() if call.args and (_STARTS.search(old.dotted(call.func)))), None)
    for call in new.calls():
        if not _STARTS.search(new.dotted(call.func)) or not call.args:
            continue
        yield from _program(call, was)
        if was is not None and old.dotted(was.func) == new.dotted(call.func):
            gone = {one.arg for one in was.keywords if one.arg} - {one.arg for one in call.keywords} - _ABOUT
            if gone:
                yield f"`{min(gone)}=` is gone"
        if any(one.arg == "executable" for one in call.keywords) and not (
            was and any(one.arg == "executable" for one in was.keywords)
        ):
            yield "another program runs it"


def _program(call: ast.Call, was: ast.Call | None) -> Iterator[str]:
    first = call.args[0]
    if not isinstance(first, ast.List | ast.Tuple) or not first.elts:
        return
    program = _text(first.elts[0])
    words = _words(was.args[0]) if was is not None else []
    if not words and was is None:
        return
    if program is not None and " " in program.strip() and words and " " not in words[0]:
        yield "the whole command became the name of one program"
    elif program is not None and words and program != words[0] and "/" not in program:
        yield f"it starts {program!r} instead of {words[0]!r}"
    elif program is not None and _INTERPRETERS.fullmatch(program) and (not words or program != words[0]):
        yield f"{program!r} is a shell, or runs what it is told"


def _text(node: ast.expr) -> str | None:
    """The text of a word, values left out."""
    value = constant(node)
    if isinstance(value, str):
        return value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def _words(node: ast.expr) -> list[str]:
    """The words that the text of a command begins with."""
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        node = node.func.value
    text = _text(node)
    return text.split() if text else []
